package sheepdog.sheep.main;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import sheepdog.membership.files.RealFolder;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.RecoveryLimit;

class KeptLimitTest {
    @TempDir
    Path folder;

    private KeptLimit kept() {
        return new KeptLimit(RealFolder.of(folder));
    }

    @Test
    void whatIsKeptIsThereForTheNextProcessUntilItIsTakenBack() {
        assertThat(kept().kept()).isEqualTo(RecoveryLimit.NONE);
        for (var limit : new RecoveryLimit[] {new RecoveryLimit(2, 100), new RecoveryLimit(-1, 3_600_000)}) {
            assertThat(kept().keep(limit).isOk()).isTrue();

            assertThat(kept().kept()).isEqualTo(limit);
        }

        assertThat(kept().keep(RecoveryLimit.NONE).isOk()).isTrue();
        assertThat(kept().kept()).isEqualTo(RecoveryLimit.NONE);
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void aDamagedFileIsNoLimit() throws IOException {
        Files.writeString(folder.resolve("recovery"), "max=2,interval=");

        assertThat(kept().kept()).isEqualTo(RecoveryLimit.NONE);
    }

    @Test
    void whatCannotBeKeptIsAnError() throws IOException {
        var notThere = new KeptLimit(RealFolder.of(folder.resolve("gone")));

        assertThat(notThere.keep(new RecoveryLimit(1, 1)).code()).isEqualTo(ResultCode.EIO);
        assertThat(notThere.kept()).isEqualTo(RecoveryLimit.NONE);
    }
}
