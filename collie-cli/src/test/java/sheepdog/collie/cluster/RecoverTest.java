package sheepdog.collie.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import sheepdog.collie.fake.FakeCluster;
import sheepdog.collie.fake.Run;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.LostObject;
import sheepdog.protocol.wire.LostObject.Answer;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;

class RecoverTest {
    private static final String OLD = "00abcdef00000001";
    private static final String GONE = "00abcdef00000002";
    private static final String THERE = "00abcdef00000003";

    private final FakeCluster cluster = new FakeCluster(2).formatted();
    private final Set<String> waiting = new HashSet<>(Set.of(OLD, GONE));

    RecoverTest() {
        cluster.script(this::answer);
    }

    @AfterEach
    void end() {
        cluster.close();
    }

    private Optional<Response> answer(Request request) {
        return switch (request) {
            case Request.EnableRecover _, Request.DisableRecover _ -> Optional.of(Response.success());
            case Request.LostObjects lost
            when !lost.lookOnly() ->
                Optional.of(new Response.Data(
                        ResultCode.SUCCESS,
                        Payload.of(LostObject.encode(
                                lost.oids().stream().map(this::declare).toList()))));
            case Request.GetProgress _ -> {
                var text = new StringBuilder("epoch 3\n");
                waiting.stream()
                        .sorted()
                        .forEach(oid -> text.append("wait ").append(oid).append(" 2,127.0.0.1:7009\n"));
                yield Optional.of(new Response.Data(
                        ResultCode.SUCCESS, Payload.of(text.toString().getBytes(StandardCharsets.US_ASCII))));
            }
            default -> Optional.empty();
        };
    }

    private LostObject declare(ObjectId oid) {
        if (!waiting.remove(oid.toString())) {
            return new LostObject(Answer.NOT_WAITING, Epoch.NONE, LostObject.NOBODY);
        }
        return oid.toString().equals(OLD)
                ? new LostObject(Answer.LOST, new Epoch(2), 1)
                : new LostObject(Answer.LOST, Epoch.NONE, LostObject.NOBODY);
    }

    @Test
    void recoveryIsDisabledAndEnabled() {
        assertThat(Run.collie(cluster, "cluster", "recover", "disable"))
                .isEqualTo(new Run("Cluster recovery: disable\n", "", 0));
        assertThat(Run.collie(cluster, "cluster", "recover", "enable"))
                .isEqualTo(new Run("Cluster recovery: enable\n", "", 0));

        assertThat(cluster.requests(Request.DisableRecover.class)).hasSize(1);
        assertThat(cluster.requests(Request.EnableRecover.class)).hasSize(1);
    }

    @Test
    void aRefusalIsSaidAndIsAFailure() {
        cluster.script(request -> request instanceof Request.DisableRecover
                ? Optional.of(Response.of(ResultCode.WAIT_FOR_FORMAT))
                : Optional.empty());

        assertThat(Run.collie(cluster, "cluster", "recover", "disable"))
                .isEqualTo(new Run("", "Response's result: Waiting for cluster to be formatted\n", 1));
    }

    @Test
    void whatIsLeftOfEachLostObjectIsSaid() {
        assertThat(Run.collie(cluster, "cluster", "recover", "lost", "-f", OLD, GONE))
                .isEqualTo(new Run("""
                        00abcdef00000001 is as in epoch 2, by the copy on 127.0.0.1:7001
                        00abcdef00000002 is gone
                        Declared lost: 2 objects, nothing is left of 1
                        """, "", 0));
    }

    @Test
    void nothingIsDeclaredWithoutAYes() {
        Run silent = Run.collie(cluster, "cluster", "recover", "lost", OLD);
        assertThat(silent.out()).endsWith("Are you sure you want to continue? [yes/no]: ");
        assertThat(silent.status()).isEqualTo(2);
        assertThat(answered("no").status()).isZero();
        assertThat(cluster.requests(Request.LostObjects.class)).isEmpty();

        assertThat(answered("yes").out()).endsWith("Declared lost: 1 objects, nothing is left of 0\n");
    }

    private Run answered(String word) {
        byte[] line = (word + "\n").getBytes(StandardCharsets.US_ASCII);
        return Run.collie(cluster.network(), line, "cluster", "recover", "lost", OLD);
    }

    @Test
    void whatIsMeantIsSaidInOneWay() {
        var lines = List.of(
                List.<String>of(),
                List.of("-A", OLD),
                List.of("-A", "-V", "x"),
                List.of("-V", "x", OLD),
                List.of("-l", "-A"),
                List.of("-j", OLD),
                List.of("-l", "-V", "x"));

        assertThat(lines).allSatisfy(words -> {
            var line = new ArrayList<>(List.of("cluster", "recover", "lost", "-f"));
            line.addAll(words);
            assertThat(Run.collie(cluster, line.toArray(String[]::new)).status())
                    .isEqualTo(64);
        });
        assertThat(Run.collie(cluster, "cluster", "recover", "lost", "-V", "nosuch"))
                .as("before any question")
                .isEqualTo(new Run("", "VDI nosuch is not found\n", 5));
        assertThat(cluster.requests(Request.LostObjects.class)).isEmpty();
    }

    @Test
    void anObjectThatDoesNotWaitIsAFailureIfItWasNamed() {
        Run run = Run.collie(cluster, "cluster", "recover", "lost", "-f", THERE);

        assertThat(run.err()).isEqualTo(THERE + " does not wait for absent nodes\n");
        assertThat(run.out()).isEqualTo("Declared lost: 0 objects, nothing is left of 0\n");
        assertThat(run.status()).isEqualTo(1);
    }

    @Test
    void allThatAnyNodeWaitsForAreDeclaredLostOnce() {
        Run run = Run.collie(cluster, "cluster", "recover", "lost", "-f", "-A");

        assertThat(run.out()).endsWith("Declared lost: 2 objects, nothing is left of 1\n");
        assertThat(run.status()).isZero();
        assertThat(cluster.requests(Request.LostObjects.class))
                .extracting(Request.LostObjects::oids)
                .containsExactly(List.of(
                        new ObjectId(Long.parseUnsignedLong(OLD, 16)), new ObjectId(Long.parseUnsignedLong(GONE, 16))));
    }

    @Test
    void allObjectsOfAVdiAreItsInodeAndWhatItsIndexNames() {
        Run.collie(cluster, "vdi", "create", "-P", "x", "12M");

        Run run = Run.collie(cluster, "cluster", "recover", "lost", "-f", "-V", "x");

        assertThat(run).isEqualTo(new Run("Declared lost: 0 objects, nothing is left of 0\n", "", 0));
        var asked = cluster.requests(Request.LostObjects.class);
        assertThat(asked).hasSize(2);
        assertThat(asked.get(0).oids()).singleElement().matches(ObjectId::isInode);
        assertThat(asked.get(1).oids()).hasSize(3);
        assertThat(Run.collie(cluster, "cluster", "recover", "lost", "-f", "-V", "nosuch")
                        .status())
                .isEqualTo(5);
    }

    @Test
    void whatCannotBeHadIsListedByVdisAndNothingIsDeclared() {
        Run.collie(cluster, "vdi", "create", "-P", "monkey", "12M");
        Run.collie(cluster, "vdi", "snapshot", "-s", "a\"b", "monkey");
        Run.collie(cluster, "vdi", "create", "donkey", "12M");
        assertThat(Run.collie(cluster, "cluster", "recover", "lost", "-l"))
                .isEqualTo(new Run("Every object of every VDI has its newest copy\n", "", 0));
        var inode = ObjectId.ofInode(cluster.vid("donkey", ""));
        var shared = ObjectId.ofData(cluster.vid("monkey", "a\"b"), 2);
        cluster.lose(inode);
        cluster.lose(shared);

        Run run = Run.collie(cluster, "cluster", "recover", "lost", "--list");

        assertThat(run.err()).isEmpty();
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.out())
                .contains("donkey: of 1 objects 1 have no copy, 0 wait\n       " + inode + " (inode) has no copy\n")
                .contains("monkey: of 4 objects 1 have no copy, 0 wait\n       " + shared + " has no copy\n")
                .contains("monkey (snapshot 1, a\"b): of 4 objects 1 have no copy, 0 wait\n")
                .endsWith("Objects without a copy: 2, waiting for absent nodes: 0\n");
        assertThat(Run.collie(cluster, "cluster", "recover", "lost", "--json").out())
                .startsWith("{\"version\": 1, \"withoutCopy\": 2, \"waiting\": 0, \"vdis\": [")
                .contains("{\"name\": \"monkey\", \"tag\": \"a\\\"b\", \"snapshot\": 1, \"vid\": \""
                        + cluster.vid("monkey", "a\"b") + "\", \"objects\": 4,\n   \"withoutCopy\": [\"" + shared
                        + "\"], \"waiting\": [], \"unknown\": []}");
        assertThat(cluster.requests(Request.LostObjects.class)).allMatch(Request.LostObjects::lookOnly);
    }

    @Test
    void whatIsNoObjectIsRefused() {
        for (String text : new String[] {"1", "zz", OLD + "0", "ffffffffffffffff"}) {
            assertThat(Run.collie(cluster, "cluster", "recover", "lost", "-f", text))
                    .isEqualTo(new Run("", "Invalid object id '" + text + "'\n", 64));
        }
        assertThat(Run.collie(cluster, "cluster", "recover", "lost", "-f").status())
                .isEqualTo(64);
    }
}
