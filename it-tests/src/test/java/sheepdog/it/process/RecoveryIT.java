package sheepdog.it.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Recovery of real sheep as an operator and a monitoring system see it. */
class RecoveryIT {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final int OBJECTS = 3;

    @TempDir
    Path folder;

    private ProcessCluster cluster;

    @RegisterExtension
    final FailureLogs logs = new FailureLogs(() -> cluster.logs());

    @AfterEach
    void end() {
        cluster.close();
    }

    @Test
    void whatIsLeftCanBeReadFromTheMetricsAndALimitOutlivesARestart() throws Exception {
        int metrics = Tools.freeShortPort();
        cluster = ProcessCluster.local(folder, 2)
                .plus("--metrics", Integer.toString(metrics))
                .startAll()
                .format(3);
        cluster.collie(2, "node", "recovery", "set-throttle", "2", "100").run().succeeded();
        cluster.collie(0, "cluster", "recover", "disable").run().succeeded();
        cluster.sheep(2).kill();
        cluster.sheep(0).awaitServing(2, LIMIT);
        byte[] content = new byte[OBJECTS * (4 << 20)];
        new Random(5).nextBytes(content);
        cluster.collie(0, "vdi", "create", "monkey", "64M").run().succeeded();
        cluster.collie(0, "vdi", "write", "monkey").input(content).run().succeeded();

        cluster.start(2);
        cluster.awaitServing();

        Waiting.until(
                "the backlog to be known",
                LIMIT,
                () -> value(metrics, "sheep_recovery_backlog_objects") == OBJECTS + 1);
        assertThat(value(metrics, "sheep_recovery_left_bytes")).isGreaterThan(content.length);
        assertThat(value(metrics, "sheep_recovery_running")).isEqualTo(1);
        assertThat(value(metrics, "sheep_recovery_waiting_objects{reason=\"absent\"}"))
                .isZero();
        assertThat(cluster.collie(2, "node", "recovery", "get-throttle")
                        .run()
                        .succeeded()
                        .out())
                .isEqualTo("max 2, interval 100 ms\n");
        cluster.collie(0, "cluster", "recover", "enable").run().succeeded();
        Waiting.until("recovery to end", LIMIT, () -> value(metrics, "sheep_recovery_running") == 0);
        assertThat(value(metrics, "sheep_recovery_backlog_objects")).isZero();
        assertThat(value(metrics, "sheep_recovery_left_bytes")).isZero();
        assertThat(Stores.objects(cluster.store(2))).isEqualTo(Stores.objects(cluster.store(0)));
    }

    private static double value(int port, String meter) throws IOException, InterruptedException {
        try (var client = HttpClient.newHttpClient()) {
            var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics"))
                    .build();
            return client.send(request, HttpResponse.BodyHandlers.ofString())
                    .body()
                    .lines()
                    .filter(line -> line.startsWith(meter + " "))
                    .mapToDouble(line -> Double.parseDouble(line.substring(meter.length() + 1)))
                    .findFirst()
                    .orElse(Double.NaN);
        }
    }
}
