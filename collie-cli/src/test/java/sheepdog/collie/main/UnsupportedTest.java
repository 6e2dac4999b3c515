package sheepdog.collie.main;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import sheepdog.collie.fake.FakeCluster;
import sheepdog.collie.fake.Run;

/** Commands that are not carried out: their lines are checked all the same, and nothing is asked of a sheep. */
class UnsupportedTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "vdi check x              | vdi check",
                "vdi rollback -s 1 x      | vdi rollback",
                "vdi tree                 | vdi tree",
                "vdi graph                | vdi graph",
                "vdi track -i 3 x         | vdi track",
                "vdi setattr -d -x x key  | vdi setattr",
                "vdi getattr x key        | vdi getattr",
                "vdi resize x 2T          | vdi resize",
                "vdi flush x              | vdi flush",
                "vdi backup -s 2 -F 1 x   | vdi backup",
                "vdi restore -s 1 x       | vdi restore",
                "vdi cache flush -s 1 x   | vdi cache flush",
                "vdi cache delete x       | vdi cache delete",
                "node cache 100           | node cache",
                "node md info -A          | node md info",
                "node md plug /d3         | node md plug",
                "node md unplug /d3       | node md unplug",
                "cluster snapshot -l      | cluster snapshot",
                "cluster snapshot -R 1    | cluster snapshot",
            })
    void aCorrectLineIsRefusedByName(String line, String title) {
        try (var cluster = new FakeCluster(3).formatted()) {
            Run run = Run.collie(cluster, line.strip().split(" "));

            assertThat(run).isEqualTo(new Run("", "collie " + title + " is not supported yet\n", 1));
            assertThat(cluster.requests()).hasSizeLessThanOrEqualTo(1);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "vdi rollback x       | Please specify the '-s' option | 64",
                "vdi setattr x        | Please specify the attribute key | 64",
                "vdi getattr x        | Please specify the attribute key | 64",
                "vdi resize x         | Please specify the new size for the VDI | 64",
                "vdi resize x 5T      | New VDI size is too large | 64",
                "vdi backup -s b1 b   | Please specify snapshots with '-F' and '-s'options | 64",
                "vdi backup -s 1 -F 0 b | Please specify snapshots with '-F' and '-s'options | 64",
                "vdi track -i abc x   | The index must be an integer | 1",
                "vdi check -s 0 x     | The snapshot id must be larger than zero | 1",
                "node cache abc       | Invalid cache size abc | 1",
                "cluster snapshot -R x | The epoch must be an integer | 1",
                "cluster snapshot -R 0 | The epoch must be greater than 0 | 1",
                "cluster format -m x  | Unknown mode 'x' | 1",
                "cluster format -b 1234567890123456 | The store name is too long: 16 bytes, at most 15 | 64",
                "vdi create -c 9 x 4M | Invalid copies number, must be an integer between 0 and 8 | 1",
            })
    void aWrongLineGetsItsOwnComplaint(String line, String complaint, int status) {
        try (var cluster = new FakeCluster(3).formatted()) {
            Run run = Run.collie(cluster, line.strip().split(" "));

            assertThat(run).isEqualTo(new Run("", complaint + "\n", status));
        }
    }

    @Test
    void aRestoreWithoutItsSnapshotIsToldTwice() {
        try (var cluster = new FakeCluster(3).formatted()) {
            assertThat(Run.collie(cluster, "vdi", "restore", "b").err())
                    .isEqualTo("We can restore a backup file only tosnapshots\nPlease specify the '-s' option\n");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"vdi check x", "vdi create x 4M", "node recovery", "node md info", "cluster info"})
    void theNodeListIsFetchedBeforeTheArgumentsAreLookedAt(String line) {
        try (var nobody = new FakeCluster(0)) {
            Run run = Run.collie(nobody, line.split(" "));

            assertThat(run.err()).endsWith("Failed to get node list\n");
            assertThat(run.status()).isEqualTo(2);
        }
    }
}
