package sheepdog.sheep.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Opcode;

/**
 * Prints {@code docs/metrics.md} with {@code -Dmetrics.write=true}, and otherwise sees to it that the document says what
 * the code does.
 */
class SheepMetricsTest {
    private static final Path DOCUMENT = Path.of("..", "docs", "metrics.md");

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final SheepMetrics metrics = new SheepMetrics(registry);

    @Test
    void requestsAreTimedByOperationAndResult() {
        metrics.answered(Opcode.READ_OBJ.code(), ResultCode.SUCCESS, 5);
        metrics.answered(Opcode.READ_OBJ.code(), ResultCode.SUCCESS, 6);
        metrics.answered(0x7f, ResultCode.INVALID_PARMS, 7);

        var read = registry.get("sheep.request")
                .tags("op", "read_obj", "result", "success")
                .timer();
        assertThat(read.count()).isEqualTo(2);
        assertThat(registry.get("sheep.request").tag("op", "unknown").timer().count())
                .isEqualTo(1);
    }

    @Test
    void theDocumentNamesEveryMeter() throws Exception {
        everyMeter();
        String document = document();
        if (Boolean.getBoolean("metrics.write")) {
            Files.writeString(DOCUMENT, document);
        }

        assertThat(DOCUMENT).hasContent(document);
    }

    private void everyMeter() {
        metrics.answered(Opcode.READ_OBJ.code(), ResultCode.SUCCESS, 1);
        metrics.peerAnswered(Opcode.READ_REPLICA.code(), ResultCode.SUCCESS, 1);
        for (var reason : SheepMetrics.Waiting.values()) {
            metrics.waiting(reason, () -> 0);
        }
        metrics.connections(() -> 0);
        metrics.netInFlight(() -> 0);
        metrics.poolWaiting("store", () -> 0);
        metrics.storeFree(() -> 0);
        metrics.storeUsed(() -> 0);
        metrics.recoveryRunning(() -> 0);
        metrics.recoveryBacklog(() -> 0, () -> 0);
        metrics.recoveryWaiting(SheepMetrics.Obstacle.ABSENT, () -> 0);
        metrics.clusterEpoch(() -> 0);
        metrics.clusterNodes(() -> 0);
        metrics.clusterLease(() -> 0);
    }

    private String document() {
        Map<String, Meter> first = new TreeMap<>();
        Map<String, TreeSet<String>> tags = new TreeMap<>();
        for (Meter meter : registry.getMeters()) {
            String name = meter.getId().getName();
            first.putIfAbsent(name, meter);
            meter.getId()
                    .getTags()
                    .forEach(tag ->
                            tags.computeIfAbsent(name, _ -> new TreeSet<>()).add(tag.getKey()));
        }
        var rows = new StringBuilder("""
                # Metrics

                What `/metrics` shows of a sheep, beside the JVM's own. Printed by a test from the code. In Prometheus' form the
                dots are underscores, and the unit, `_total` or the parts of a timer follow the name.

                | meter | type | unit | tags | what |
                |---|---|---|---|---|
                """);
        first.forEach((name, meter) -> {
            var id = meter.getId();
            assertThat(id.getDescription()).as(name).isNotBlank();
            String type = id.getType().name().toLowerCase(Locale.ROOT);
            String unit = type.equals("timer") ? "seconds" : id.getBaseUnit() == null ? "–" : id.getBaseUnit();
            String keys = tags.getOrDefault(name, new TreeSet<>()).stream().collect(Collectors.joining(", "));
            rows.append(String.format(
                    "| `%s` | %s | %s | %s | %s |%n",
                    name, type, unit, keys.isEmpty() ? "–" : keys, id.getDescription()));
        });
        return rows.toString();
    }
}
