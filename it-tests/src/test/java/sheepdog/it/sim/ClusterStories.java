package sheepdog.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import sheepdog.membership.runtime.Pool;
import sheepdog.protocol.model.Epoch;

/** Stories of whole clusters, for every log: each says what a user would see. */
abstract class ClusterStories {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    /** I13. */
    private static final Duration RESUMES = Duration.ofSeconds(10);

    /** A cluster of that many nodes, all up, not formatted. */
    protected abstract SimCluster cluster(long seed, int nodes);

    @Test
    void threeNodesAreFormattedAndServeADisk() {
        var cluster = cluster(1, 3).format(3);
        var guest = cluster.guest("monkey", 4, 0);

        cluster.load(4);
        cluster.run(Duration.ofSeconds(10));
        cluster.verify();

        assertThat(guest.writes()).isGreaterThan(500);
        assertThat(guest.reads()).isGreaterThan(100);
    }

    @Test
    void oneKilledIsMissedForAMomentAndBroughtUpToDate() {
        var cluster = cluster(2, 3).format(3);
        var guest = busy(cluster, 4, 5);

        cluster.node(2).kill();
        cluster.run(Duration.ofSeconds(10));
        assertThat(guest.longestAndReset()).isLessThan(Duration.ofSeconds(3));
        cluster.node(2).start();
        cluster.run(Duration.ofSeconds(10));

        cluster.verify();
    }

    @Test
    void gatewayThatIsKilledIsReplacedByAnother() {
        var cluster = cluster(3, 3).format(3);
        var guest = busy(cluster, 4, 5);

        cluster.node(0).kill();
        cluster.run(Duration.ofSeconds(10));
        assertThat(guest.longestAndReset()).isLessThan(Duration.ofSeconds(3));

        cluster.verify();
    }

    @Test
    void oneStoppedIsLeftOutAndWhenItGoesOnItHarmsNothing() {
        var cluster = cluster(4, 3).format(3);
        var guest = busy(cluster, 4, 5);

        cluster.node(0).pause();
        cluster.run(Duration.ofSeconds(10));
        cluster.node(0).resume();
        cluster.run(Duration.ofSeconds(10));

        cluster.verify();
        assertThat(guest.writes()).isGreaterThan(500);
    }

    @Test
    void partitionedMinorityServesNobody() {
        var cluster = cluster(5, 3).format(3);
        cluster.guest("monkey", 4, 0);
        cluster.guest("donkey", 2, 1);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(5));

        cluster.network()
                .partition(List.of(
                        List.of(cluster.node(0).host()),
                        List.of(cluster.node(1).host(), cluster.node(2).host())));
        cluster.run(Duration.ofSeconds(15));

        cluster.verify();
    }

    @Test
    void allLosePowerAndComeBack() {
        var cluster = cluster(6, 3).format(3);
        cluster.guest("monkey", 4, 0);
        cluster.load(8);
        cluster.run(Duration.ofSeconds(5));

        cluster.nodes().forEach(SimNode::losePower);
        cluster.run(Duration.ofSeconds(5));

        cluster.verify();
    }

    @Test
    void fourthNodeJoinsAndTakesItsShare() {
        var cluster = cluster(7, 3).format(3);
        busy(cluster, 8, 5);

        cluster.addNode(false);
        cluster.run(Duration.ofSeconds(10));

        cluster.verify();
        assertThat(cluster.node(3).store().oids()).isNotEmpty();
    }

    @Test
    void snapshotKeepsItsContentWhileItsDiskGoesOn() {
        var cluster = cluster(11, 3).format(3);
        var guest = cluster.guest("monkey", 3, 0);
        writeFor(cluster, 3);
        SimGuest.Frozen first = guest.snapshot("first", LIMIT);
        writeFor(cluster, 3);
        SimGuest.Frozen second = guest.snapshot("second", LIMIT);
        cluster.node(2).kill();
        writeFor(cluster, 5);

        cluster.verify();
        cluster.explained(() -> guest.verify(first, LIMIT));
        cluster.explained(() -> guest.verify(second, LIMIT));
    }

    @Test
    void diskThatMovesFromGatewayToGatewayIsOneDisk() {
        var cluster = cluster(12, 3).format(3);
        var guest = cluster.guest("monkey", 3, 0);
        cluster.load(4);

        for (int i = 1; i <= 9; i++) {
            cluster.run(Duration.ofMillis(1_500));
            guest.client().moveTo(cluster.node(i % 3).id());
        }

        cluster.verify();
        assertThat(guest.writes()).isGreaterThan(500);
    }

    @Test
    void nodeWhoseDiskHangsIsLeftOutAndTakenBack() {
        var cluster = cluster(13, 3).format(3);
        busy(cluster, 3, 3);

        cluster.node(2).loop().hang(Pool.STORE);
        cluster.run(Duration.ofSeconds(40));
        if (cluster.node(2).isUp()) {
            cluster.node(2).loop().unhang(Pool.STORE);
        }

        cluster.verify();
    }

    @Test
    void nodeWhoseDiskTakesNoWritesLeavesAndTheOthersGoOn() {
        diskFails(cluster(14, 3), SimStore.Failure.WRITE);
    }

    @Test
    void nodeWhoseDiskFailsToSyncLeavesAndTheOthersGoOn() {
        diskFails(cluster(31, 3), SimStore.Failure.SYNC);
    }

    private static void diskFails(SimCluster cluster, SimStore.Failure failure) {
        cluster.format(3);
        var guest = busy(cluster, 3, 3);

        cluster.node(1).store().fails(failure);
        cluster.await(
                "the end of the sheep with the bad disk", () -> !cluster.node(1).isUp());
        cluster.run(Duration.ofSeconds(5));
        assertThat(guest.longestAndReset()).isLessThan(Duration.ofSeconds(5));
        cluster.node(1).store().heals();

        cluster.verify();
    }

    @Test
    void ofTwoHalvesOneServes() {
        var cluster = cluster(15, 4).format(3);
        cluster.guest("monkey", 3, 0);
        cluster.guest("donkey", 3, 3);
        cluster.load(3);
        cluster.run(Duration.ofSeconds(3));

        cluster.network()
                .partition(List.of(
                        List.of(cluster.node(0).host(), cluster.node(3).host()),
                        List.of(cluster.node(1).host(), cluster.node(2).host())));
        cluster.run(Duration.ofSeconds(15));

        long leased = cluster.nodes().stream()
                .filter(node -> node.look(wiring -> wiring.cluster().holdsLease()))
                .count();
        assertThat(leased).isEqualTo(2);
        cluster.verify();
    }

    @Test
    void ofTwoNodesTheFirstGoesOnAlone() {
        var cluster = cluster(16, 2).format(2);
        var guest = cluster.guest("monkey", 3, 0);
        cluster.load(3);
        cluster.run(Duration.ofSeconds(3));

        cluster.node(1).losePower();
        cluster.run(Duration.ofSeconds(10));
        long alone = guest.writes();
        cluster.run(Duration.ofSeconds(5));
        assertThat(guest.writes()).isGreaterThan(alone + 100);

        cluster.verify();
    }

    @Test
    void gatewayThatStoresNothingServes() {
        var cluster = cluster(17, 3);
        SimNode gateway = cluster.addNode(true);
        cluster.format(3);
        var guest = cluster.guest("monkey", 3, 3);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(5));
        cluster.node(0).kill();
        cluster.run(Duration.ofSeconds(5));

        cluster.verify();
        assertThat(gateway.store().oids()).isEmpty();
        assertThat(guest.writes()).isGreaterThan(200);
    }

    @Test
    void everyNodeLeavesInTurnAndComesBack() {
        var cluster = cluster(18, 3).format(3);
        var guest = cluster.guest("monkey", 3, 0);
        cluster.load(4);

        for (SimNode node : cluster.nodes()) {
            cluster.run(Duration.ofSeconds(2));
            node.leave();
            cluster.await("the end of " + node, () -> !node.isUp());
            cluster.run(Duration.ofSeconds(2));
            node.start();
            cluster.awaitRecovered();
        }

        assertThat(guest.longestAndReset()).isLessThan(Duration.ofSeconds(8));
        cluster.verify();
    }

    @Test
    void everyNodeIsKilledInTurnAndComesBack() {
        var cluster = cluster(19, 3).format(3);
        cluster.guest("monkey", 3, 0);
        cluster.guest("donkey", 2, 1);
        cluster.load(4);

        for (SimNode node : cluster.nodes()) {
            cluster.run(Duration.ofSeconds(2));
            node.kill();
            cluster.run(Duration.ofSeconds(1));
            node.start();
            cluster.awaitRecovered();
        }

        cluster.verify();
    }

    @Test
    void shutDownClusterStartsAgainInTheSameEpoch() {
        var cluster = cluster(20, 3).format(3);
        cluster.guest("monkey", 3, 0);
        writeFor(cluster, 3);
        Epoch before = cluster.node(0).epoch();

        cluster.shutdown();
        cluster.run(Duration.ofSeconds(5));
        for (int i = 2; i >= 0; i--) {
            cluster.node(i).start();
            cluster.run(Duration.ofSeconds(1));
        }
        cluster.awaitServing();

        assertThat(cluster.node(0).epoch()).isEqualTo(before);
        cluster.verify();
    }

    @Test
    void nodeWithANewDiskIsFilledAgain() {
        var cluster = cluster(21, 3).format(3);
        busy(cluster, 3, 3);

        cluster.node(1).kill();
        cluster.run(Duration.ofSeconds(5));
        cluster.node(1).wipe();
        cluster.node(1).start();
        cluster.run(Duration.ofSeconds(5));

        cluster.verify();
        assertThat(cluster.node(1).store().oids()).isNotEmpty();
    }

    @Test
    void formattedAgainNothingOfBeforeIsLeft() {
        var cluster = cluster(22, 3).format(3);
        cluster.guest("monkey", 3, 0);
        writeFor(cluster, 3);
        cluster.forgetGuests();
        assertThat(cluster.node(0).store().oids()).isNotEmpty();

        cluster.format(2);
        assertThat(cluster.nodes())
                .allSatisfy(node -> assertThat(node.store().oids()).isEmpty());
        cluster.guest("monkey", 3, 1);
        writeFor(cluster, 3);

        cluster.verify();
    }

    @Test
    void connectionsThatAreResetAllTheTimeCostTimeOnly() {
        var cluster = cluster(23, 3).format(3);
        var guest = cluster.guest("monkey", 3, 0);
        cluster.load(4);

        for (int i = 0; i < 40; i++) {
            cluster.run(Duration.ofMillis(cluster.story().nextLong(400)));
            var a = cluster.node(cluster.story().nextInt(3)).host();
            var b = i % 4 == 0
                    ? guest.client().host()
                    : cluster.node(cluster.story().nextInt(3)).host();
            if (a != b) {
                cluster.network().reset(a, b);
            }
        }

        cluster.verify();
        assertThat(guest.writes()).isGreaterThan(300);
    }

    @Test
    void twoOfFiveMayBeLostAtOnce() {
        var cluster = cluster(24, 5).format(3);
        var guest = busy(cluster, 4, 3);

        cluster.node(3).losePower();
        cluster.node(4).kill();
        cluster.run(Duration.ofSeconds(15));
        assertThat(guest.longestAndReset()).isLessThan(Duration.ofSeconds(8));

        cluster.verify();
    }

    @Test
    void killedSheepThatIsBackWithinSecondsIsTakenInAtOnce() {
        var cluster = cluster(25, 3).format(3);
        cluster.guest("monkey", 3, 0);
        cluster.guest("donkey", 3, 1);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(3));

        cluster.node(2).kill();
        cluster.run(Duration.ofSeconds(4));
        cluster.node(2).start();

        cluster.await("the sheep to be taken in", Duration.ofSeconds(5), cluster::isServing);
        cluster.run(Duration.ofSeconds(3));
        assertThat(cluster.isServing()).as("and not put out again").isTrue();
        cluster.verify();
    }

    @Test
    void allAreStoppedForAWhileAndGoOn() {
        var cluster = cluster(26, 3).format(3);
        busy(cluster, 3, 3);

        cluster.nodes().forEach(SimNode::pause);
        cluster.run(Duration.ofSeconds(20));
        cluster.nodes().forEach(SimNode::resume);
        cluster.awaitServing();

        cluster.verify();
    }

    @Test
    void powerThatGoesInTheMiddleOfWritesAgainAndAgainLosesNothingAcknowledged() {
        var cluster = cluster(27, 3).format(3);
        var guest = cluster.guest("monkey", 3, 0);
        cluster.guest("donkey", 2, 1);
        cluster.load(8);

        for (int round = 0; round < 8; round++) {
            cluster.run(Duration.ofMillis(cluster.story().nextLong(500, 2_500)));
            cluster.nodes().forEach(SimNode::losePower);
            cluster.run(Duration.ofMillis(cluster.story().nextLong(1_000)));
            cluster.nodes().forEach(SimNode::start);
            cluster.await("service to resume", RESUMES, cluster::isServing);
        }

        cluster.verify();
        assertThat(guest.writes()).isGreaterThan(500);
    }

    @Test
    void eachLosesItsPowerInTurnInTheMiddleOfWrites() {
        var cluster = cluster(28, 3).format(3);
        cluster.guest("monkey", 3, 0);
        cluster.guest("donkey", 2, 1);
        cluster.load(8);

        for (int round = 0; round < 6; round++) {
            cluster.run(Duration.ofMillis(cluster.story().nextLong(500, 2_500)));
            SimNode victim = cluster.node(round % 3);
            victim.losePower();
            cluster.run(Duration.ofMillis(cluster.story().nextLong(6_000)));
            victim.start();
            cluster.awaitRecovered();
        }

        cluster.verify();
    }

    @Test
    void recoveryThatAPowerLossOfAllInterruptsGoesOnThoughTheMembersAreTheSame() {
        var cluster = cluster(90, 3).format(3);
        cluster.guest("monkey", 60, 0);
        cluster.guest("donkey", 60, 1);
        writeFor(cluster, 5);
        SimNode late = cluster.addNode(false);
        late.loop().slow(Duration.ofMillis(200));
        cluster.await("an epoch with " + late, () -> cluster.node(0).epoch().equals(new Epoch(2)));
        cluster.run(Duration.ofSeconds(2));
        boolean recovers = late.look(wiring -> wiring.recovery().isRunning());
        assertThat(recovers).isTrue();

        cluster.nodes().forEach(SimNode::losePower);
        cluster.run(Duration.ofSeconds(1));
        cluster.nodes().forEach(SimNode::start);
        cluster.awaitServing();

        cluster.verify();
    }

    @Test
    void fullDiskRefusesWhatGrowsAndDeletionHelps() {
        var cluster = cluster(29, 3).format(3);
        cluster.guest("monkey", 3, 0);
        writeFor(cluster, 5);
        SimStore full = cluster.node(2).store();
        long before = full.usedBytes();
        full.fillsUp(64 << 10);

        var late = cluster.guest("donkey", 8, 1);
        late.bearsNoSpace();
        writeFor(cluster, 5);
        assertThat(late.refused()).isPositive();
        assertThat(late.writes()).as("others still find a place").isPositive();
        assertThat(cluster.isServing()).as("a full disk is no broken disk").isTrue();

        cluster.delete(late);
        cluster.await("the space to be given back", () -> full.usedBytes() <= before);
        cluster.guest("jackal", 1, 1);
        writeFor(cluster, 3);
        cluster.verify();
    }

    @Test
    void whatWasWrittenWhileOneDiskWasFullIsAllThereAndEqual() {
        var cluster = cluster(30, 3).format(3);
        var guest = cluster.guest("monkey", 8, 0);
        cluster.node(1).store().fillsUp(200 << 10);
        guest.bearsNoSpace();
        cluster.load(6);
        cluster.run(Duration.ofSeconds(5));
        assertThat(guest.refused()).isPositive();

        cluster.nodes().forEach(SimNode::losePower);
        cluster.run(Duration.ofSeconds(1));
        cluster.nodes().forEach(SimNode::start);
        cluster.awaitServing();
        cluster.run(Duration.ofSeconds(5));

        cluster.settle();
        cluster.node(1).store().heals();
        cluster.verify();
    }

    @Test
    void oneSeedGivesOneRun() {
        assertThat(storm(8)).isEqualTo(storm(8));
    }

    /** A disk through the first node that has been read and written for a while, and goes on so. */
    private static SimGuest busy(SimCluster cluster, int objects, int seconds) {
        var guest = cluster.guest("monkey", objects, 0);
        cluster.load(4);
        cluster.run(Duration.ofSeconds(seconds));
        return guest;
    }

    private static void writeFor(SimCluster cluster, int seconds) {
        cluster.load(4);
        cluster.run(Duration.ofSeconds(seconds));
        cluster.settle();
    }

    private String storm(long seed) {
        var cluster = cluster(seed, 3).format(3);
        busy(cluster, 4, 3);
        cluster.node(1).kill();
        cluster.run(Duration.ofSeconds(4));
        cluster.node(1).start();
        cluster.run(Duration.ofSeconds(3));
        return cluster.time().log().digest() + " " + cluster.time().eventsRun();
    }
}
