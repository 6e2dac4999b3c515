package sheepdog.membership.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RealFolderTest {
    @TempDir
    Path path;

    private boolean mounted;

    @AfterEach
    void unmount() throws IOException, InterruptedException {
        if (mounted) {
            run("umount", path.toString());
        }
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command).redirectErrorStream(true).start().waitFor() == 0;
    }

    @Test
    void aFullFileSystemIsToldFromOtherErrorsAndWhatIsKeptHasItsSpace() throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of("/bin/mount")), "needs mount");
        mounted = run("mount", "-t", "tmpfs", "-o", "size=1m", "none", path.toString());
        assumeTrue(mounted, "needs root");
        Folder folder = RealFolder.of(path);
        var kept = new Reserve(folder, "spare", 2, 128 << 10);
        kept.check();
        kept.fill();

        assertThatThrownBy(() -> write(folder, "filling", 2 << 20)).isInstanceOf(NoSpaceException.class);
        assertThatThrownBy(() -> write(folder, "more", 1)).isInstanceOf(NoSpaceException.class);
        assertThatThrownBy(() -> folder.open("missing"))
                .isInstanceOf(IOException.class)
                .isNotInstanceOf(NoSpaceException.class);

        assertThat(kept.take("mine")).contains(128L << 10);
        try (var file = folder.open("mine")) {
            file.write(ByteBuffer.wrap(new byte[128 << 10]), 0);
            file.sync();
        }
        kept.give("mine");
        assertThat(kept.missingBytes()).isZero();
    }

    private static void write(Folder folder, String name, int bytes) throws IOException {
        try (var file = folder.create(name)) {
            file.write(ByteBuffer.wrap(new byte[bytes]), 0);
        }
    }
}
