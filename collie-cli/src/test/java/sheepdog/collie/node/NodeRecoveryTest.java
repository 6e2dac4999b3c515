package sheepdog.collie.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import sheepdog.collie.fake.FakeCluster;
import sheepdog.collie.fake.Run;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.RecoveryLimit;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;

class NodeRecoveryTest {
    private static final String HEADINGS = "Nodes In Recovery:\n  Id   Host:Port         V-Nodes       Zone";
    private static final String ROW = "   0   127.0.0.1:7000         64          0";
    private static final String BRINGING = """
            epoch 7
            stage bringing
            lists 2 2
            objects 3 12
            bytes 12582912 50331648
            held 1 4500
            waiting 12
            space 2
            speed 8388608
            left 3800
            enabled yes
            limit 0 0
            wait 00abcdef00000001 5,127.0.0.1:7003,127.0.0.1:7004 6,127.0.0.1:7005
            """;

    private final FakeCluster cluster = new FakeCluster(2).formatted();
    private boolean recovering;
    private String lines = BRINGING;

    NodeRecoveryTest() {
        cluster.script(this::answer);
    }

    @AfterEach
    void end() {
        cluster.close();
    }

    private Optional<Response> answer(Request request) {
        return switch (request) {
            case Request.StatRecovery _ -> {
                // The first one that is asked.
                recovering = !recovering;
                yield Optional.of(Response.of(recovering ? ResultCode.NODE_IN_RECOVERY : ResultCode.SUCCESS));
            }
            case Request.GetProgress _ ->
                Optional.of(
                        new Response.Data(ResultCode.SUCCESS, Payload.of(lines.getBytes(StandardCharsets.US_ASCII))));
            case Request.GetRecovery _ ->
                Optional.of(new Response.Data(ResultCode.SUCCESS, Payload.of(new RecoveryLimit(3, 250).encode())));
            case Request.SetRecovery _ -> Optional.of(Response.success());
            default -> Optional.empty();
        };
    }

    private String out(String... words) {
        Run run = Run.collie(cluster, words);
        assertThat(run.err()).isEmpty();
        assertThat(run.status()).isZero();
        return run.out();
    }

    @Test
    void withProgressItSaysThatStoresAreGoneForGood() {
        lines = lines + "gone 2\n";

        assertThat(out("node", "recovery", "-P"))
                .endsWith(
                        "\nWithout what only 2 stores had that are gone for good: see 'collie cluster recover lost --list'\n");
        recovering = false;
        assertThat(out("node", "recovery")).isEqualTo(HEADINGS + "\n" + ROW + "\n");
        assertThat(out("node", "recovery", "--json")).contains("\"goneStores\": 2");
    }

    @Test
    void withoutAFlagItSaysWhatTheOriginalSaid() {
        assertThat(out("node", "recovery")).isEqualTo(HEADINGS + "\n" + ROW + "\n");
        assertThat(out("node", "recovery", "-r")).isEqualTo("0 127.0.0.1:7000 64 0\n");
    }

    @Test
    void whenNobodyRecoversThereAreTwoLines() {
        recovering = true;
        cluster.script(request ->
                request instanceof Request.StatRecovery ? Optional.of(Response.success()) : Optional.empty());

        assertThat(out("node", "recovery").lines()).hasSize(2);
        assertThat(out("node", "recovery", "-P").lines()).hasSize(2);
    }

    @Test
    void progressIsSaidBehindTheRowAndWhoIsWaitedForBelow() {
        assertThat(out("node", "recovery", "-P"))
                .isEqualTo(HEADINGS + "   Progress\n" + ROW
                        + "   3/12 objects, 12 MB/48 MB, 8.0 MB/s, 4 s left, 1 held for 5 s, 12 waiting, 2 do not fit\n"
                        + "       00abcdef00000001 waits for 127.0.0.1:7003 or 127.0.0.1:7004 (epoch 5) and 127.0.0.1:7005"
                        + " (epoch 6)\n       and 11 more wait\n");
        assertThat(out("node", "recovery", "-P", "-r"))
                .isEqualTo("0 127.0.0.1:7000 64 0 bringing 3 12 12582912 50331648 1 12 2 8388608 3800\n");
    }

    @Test
    void beforeAllListsAreThereNoNumberOfObjectsIsSaid() {
        lines = "epoch 7\nstage listing\nlists 1 2\nobjects 0 0\nbytes 0 0\n";

        assertThat(out("node", "recovery", "-P")).endsWith("   listing 1/2 nodes\n");
    }

    @Test
    void jsonHasAllOfAllNodes() {
        assertThat(out("node", "recovery", "--json"))
                .startsWith(
                        "{\"version\": 1, \"nodes\": [\n  {\"id\": 0, \"address\": \"127.0.0.1:7000\", \"answered\": true,"
                                + " \"epoch\": 7, \"stage\": \"bringing\", \"enabled\": true, \"goneStores\": 0,\n")
                .contains("\"objects\": {\"done\": 3, \"of\": 12}")
                .contains("\"waiting\": {\"objects\": 12, \"named\": [{\"oid\": \"00abcdef00000001\", \"missing\":"
                        + " [{\"epoch\": 5, \"nodes\": [\"127.0.0.1:7003\", \"127.0.0.1:7004\"]}, {\"epoch\": 6,"
                        + " \"nodes\": [\"127.0.0.1:7005\"]}]}]}}")
                .contains("{\"id\": 1,")
                .endsWith("\n]}\n");
    }

    @Test
    void aLimitIsSetOnTheNodeThatWasAskedOrOnAll() {
        assertThat(out("node", "recovery", "set-throttle", "2", "100")).isEmpty();
        assertThat(cluster.asked(Request.SetRecovery.class)).containsExactly(7000);
        assertThat(out("node", "recovery", "set-throttle", "2", "100", "-A")).isEmpty();
        assertThat(cluster.asked(Request.SetRecovery.class)).containsExactly(7000, 7000, 7001);
        assertThat(cluster.requests(Request.SetRecovery.class))
                .allMatch(r -> r.max() == 2 && r.intervalMillis() == 100);
    }

    @Test
    void theLimitIsShown() {
        assertThat(out("node", "recovery", "get-throttle")).isEqualTo("max 3, interval 250 ms\n");
        assertThat(out("node", "recovery", "get-throttle", "-r")).isEqualTo("3 250\n");
    }

    @Test
    void wrongWordsAndNumbersAreRefused() {
        assertThat(Run.collie(cluster, "node", "recovery", "fast")).isEqualTo(new Run("", "Unknown word 'fast'\n", 64));
        assertThat(Run.collie(cluster, "node", "recovery", "set-throttle", "x", "1")
                        .status())
                .isEqualTo(64);
        assertThat(Run.collie(cluster, "node", "recovery", "set-throttle", "1").status())
                .isEqualTo(64);
        assertThat(Run.collie(cluster, "node", "recovery", "set-throttle", "1", "3600001")
                        .status())
                .isEqualTo(64);
        assertThat(cluster.requests(Request.SetRecovery.class)).isEmpty();
    }

    @Test
    void wordsAndOptionsThatWouldHaveNoEffectAreRefused() {
        var lines = List.of(
                List.of("set-throttle", "2", "100", "7"),
                List.of("get-throttle", "3"),
                List.of("get-throttle", "-j"),
                List.of("set-throttle", "-P", "2", "100"),
                List.of("get-throttle", "-A"),
                List.of("-A"));

        assertThat(lines).allSatisfy(words -> {
            var line = new ArrayList<>(List.of("node", "recovery"));
            line.addAll(words);
            Run run = Run.collie(cluster, line.toArray(String[]::new));
            assertThat(run.status()).isEqualTo(64);
            assertThat(run.err()).isNotEmpty();
        });
        assertThat(cluster.requests(Request.SetRecovery.class)).isEmpty();
    }
}
