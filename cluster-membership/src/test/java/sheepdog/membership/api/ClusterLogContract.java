package sheepdog.membership.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import sheepdog.membership.api.ClusterLog.Phase;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.ResultCode;

/** What every {@link ClusterLog} does, on simulated time or on real threads. */
public abstract class ClusterLogContract {
    private Cluster cluster;

    /** Places for sheep, numbered from 0; each keeps its disk. */
    public interface Cluster {
        /** Starts a process in that place, on what the last one left there. */
        void start(int place);

        /** Ends the process there without a word. */
        void kill(int place);

        ClusterLog log(int place);

        RecordingMachine machine(int place);

        /** Runs {@code call} on the loop of the process there. */
        <T> T on(int place, Supplier<T> call);

        /** Lets time pass until {@code condition} holds; fails after 30 seconds. */
        void await(String what, BooleanSupplier condition);

        /** Ends all and gives back what was taken. */
        void close();
    }

    /** None started yet. */
    protected abstract Cluster cluster();

    @BeforeEach
    final void open() {
        cluster = cluster();
    }

    @AfterEach
    final void close() {
        cluster.close();
    }

    @Test
    void sheepThatWereNeverFormattedSeeEachOther() {
        start(3);

        seeEachOther(3);

        for (int i = 0; i < 3; i++) {
            assertThat(phase(i)).isEqualTo(Phase.UNFORMATTED);
            assertThat(lease(i)).isFalse();
        }
    }

    @Test
    void aFormatIsTheFirstCommandAndEpochOneHoldsAllThatWereThere() {
        start(3);
        seeEachOther(3);

        assertThat(text(formatted(1))).isEqualTo("1 format");

        serve(0, 1, 2);
        for (int i = 0; i < 3; i++) {
            int place = i;
            assertThat(cluster.on(i, () -> cluster.machine(place).commands())).containsExactly("format");
            var epochs = cluster.on(i, () -> cluster.machine(place).epochs());
            assertThat(epochs).hasSize(1);
            assertThat(epochs.getFirst().epoch().number()).isEqualTo(1);
            assertThat(epochs.getFirst().members()).hasSize(3);
        }
    }

    @Test
    void aCommandIsAnsweredToItsProposerAndAppliedByAllInOneOrder() {
        formattedCluster(3);

        for (int i = 0; i < 9; i++) {
            assertThat(text(proposed(i % 3, "c" + i))).isEqualTo(i + 2 + " c" + i);
        }

        for (int i = 0; i < 3; i++) {
            int place = i;
            cluster.await("all applied", () -> commands(place) == 10);
            assertThat(cluster.on(i, () -> cluster.machine(place).commands()))
                    .isEqualTo(cluster.on(0, () -> cluster.machine(0).commands()));
        }
    }

    @Test
    void theLargestCommandIsCarried() {
        formattedCluster(3);
        String large = "x".repeat(ClusterLog.COMMAND_BYTES_MAX);
        var done = outcome(cluster.on(2, () -> cluster.log(2).propose(large.getBytes(StandardCharsets.UTF_8))));

        cluster.await("applied", () -> done.get() != null && commands(0) == 2 && commands(1) == 2);
    }

    @Test
    void aKilledSheepIsPutOutAndComesBackByAnEpoch() {
        formattedCluster(3);

        cluster.kill(2);

        cluster.await("put out", () -> members(0) == 2 && members(1) == 2);
        serve(0, 1);
        proposed(0, "meanwhile");
        cluster.start(2);
        cluster.await("back", () -> members(0) == 3 && members(2) == 3);
        serve(0, 1, 2);
        assertThat(cluster.on(2, () -> cluster.machine(2).commands())).containsExactly("format", "meanwhile");
    }

    @Test
    void aSheepThatLeavesIsOutWhenItSaysSo() {
        formattedCluster(3);

        var left = new AtomicReference<Boolean>();
        cluster.on(0, () -> cluster.log(0).leave().thenAccept(_ -> left.set(true)));

        cluster.await("left", () -> left.get() != null);
        assertThat(phase(0)).isEqualTo(Phase.STOPPED);
        assertThat(lease(0)).isFalse();
        cluster.await("others go on", () -> members(1) == 2 && members(2) == 2);
        serve(1, 2);
        var refused = outcome(cluster.on(0, () -> cluster.log(0).propose(new byte[1])));
        assertThat(refused.get().code()).isEqualTo(ResultCode.SHUTDOWN);
    }

    @Test
    void aNewSheepJoinsByAnEpoch() {
        formattedCluster(3);
        proposed(1, "before");

        cluster.start(3);

        cluster.await("joined", () -> members(3) == 4);
        serve(0, 1, 2, 3);
        assertThat(cluster.on(3, () -> cluster.machine(3).commands())).containsExactly("format", "before");
        assertThat(text(proposed(3, "after"))).isEqualTo("3 after");
    }

    @Test
    void withoutAMajorityNobodyHoldsALeaseAndCommandsWaitForItsReturn() {
        formattedCluster(3);
        cluster.kill(0);
        cluster.kill(1);
        cluster.await("isolated", () -> phase(2) == Phase.ISOLATED && !lease(2));
        var done = outcome(cluster.on(2, () -> cluster.log(2).propose("waits".getBytes(StandardCharsets.UTF_8))));
        assertThat(done.get()).isNull();

        cluster.start(0);
        cluster.start(1);

        cluster.await("answered", () -> done.get() != null);
        assertThat(done.get().isOk()).isTrue();
        serve(0, 1, 2);
    }

    @Test
    void aClusterThatWasKilledAsAWholeComesBackWithWhatItHad() {
        formattedCluster(3);
        proposed(0, "kept");
        IntStream.range(0, 3).forEach(cluster::kill);

        IntStream.range(0, 3).forEach(cluster::start);

        serve(0, 1, 2);
        for (int i = 0; i < 3; i++) {
            int place = i;
            assertThat(cluster.on(i, () -> cluster.machine(place).commands())).containsExactly("format", "kept");
        }
    }

    @Test
    void aSecondFormatStartsTheEpochsAgain() {
        formattedCluster(2);
        cluster.start(2);
        cluster.await("joined", () -> members(2) == 3 && members(0) == 3);

        assertThat(text(proposed(1, "format again"))).isEqualTo("2 format again");

        cluster.await("again", () -> epoch(0) == 1 && epoch(1) == 1 && epoch(2) == 1);
        assertThat(members(2)).isEqualTo(3);
    }

    // What the tests are told in

    private void formattedCluster(int count) {
        start(count);
        seeEachOther(count);
        formatted(0);
        serve(IntStream.range(0, count).toArray());
    }

    private void start(int count) {
        IntStream.range(0, count).forEach(cluster::start);
    }

    private void seeEachOther(int count) {
        for (int i = 0; i < count; i++) {
            int place = i;
            cluster.await(
                    "seen by " + i,
                    () -> cluster.on(place, () -> cluster.log(place).visible().size()) == count);
        }
    }

    private void serve(int... places) {
        for (int place : places) {
            cluster.await(place + " serves", () -> phase(place) == Phase.SERVING && lease(place));
        }
    }

    private Phase phase(int place) {
        return cluster.on(place, () -> cluster.log(place).status().phase());
    }

    private boolean lease(int place) {
        return cluster.on(place, () -> cluster.log(place).holdsLease());
    }

    private int members(int place) {
        return cluster.on(place, () -> {
            var epochs = cluster.machine(place).epochs();
            return epochs.isEmpty() ? 0 : epochs.getLast().members().size();
        });
    }

    private int epoch(int place) {
        return cluster.on(
                place, () -> cluster.machine(place).epochs().getLast().epoch().number());
    }

    private int commands(int place) {
        return cluster.on(place, () -> cluster.machine(place).commands().size());
    }

    private Outcome<byte[]> formatted(int place) {
        var done =
                outcome(cluster.on(place, () -> cluster.log(place).format("format".getBytes(StandardCharsets.UTF_8))));
        cluster.await("formatted", () -> done.get() != null);
        return done.get();
    }

    private Outcome<byte[]> proposed(int place, String command) {
        var done =
                outcome(cluster.on(place, () -> cluster.log(place).propose(command.getBytes(StandardCharsets.UTF_8))));
        cluster.await(command + " applied", () -> done.get() != null);
        return done.get();
    }

    private static AtomicReference<Outcome<byte[]>> outcome(CompletionStage<Outcome<byte[]>> stage) {
        var done = new AtomicReference<Outcome<byte[]>>();
        stage.thenAccept(done::set);
        return done;
    }

    private static String text(Outcome<byte[]> outcome) {
        return switch (outcome) {
            case Outcome.Ok<byte[]> ok -> new String(ok.value(), StandardCharsets.UTF_8);
            case Outcome.Refused<byte[]> refused -> "refused with " + refused.code();
        };
    }
}
