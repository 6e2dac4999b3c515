package sheepdog.sheep.main;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SheepStartTest {
    private static final int VERSION_OFFSET = 30;

    private final CompletableFuture<Boolean> ended = new CompletableFuture<>();

    @TempDir
    Path folder;

    private Path store;

    @BeforeEach
    void makeStore() throws IOException {
        store = Files.createDirectory(folder.resolve("s"));
    }

    @Test
    void aStoreOfAnotherLayoutIsRefusedByNameAndLeftAsItWas() throws IOException {
        byte[] config = configOfVersion(6);

        assertThatThrownBy(() -> start())
                .isInstanceOf(StartFailure.class)
                .hasMessage("This sheep version is not compatible with the existing data layout, 6\n"
                        + "use '-u' option to upgrade sheep store");

        assertUntouched(config);
    }

    @Test
    void whatCannotBeUpgradedIsRefusedByNameAndLeftAsItWas() throws IOException {
        byte[] config = configOfVersion(6);

        assertThatThrownBy(() -> start("-u"))
                .isInstanceOf(StartFailure.class)
                .hasMessage("cannot upgrade the store " + store + " from data layout 6, this sheep knows 1 only");

        assertUntouched(config);
    }

    @Test
    void aDamagedConfigIsRefusedByName() throws IOException {
        Files.write(store.resolve("config"), new byte[7]);

        assertThatThrownBy(() -> start("-u"))
                .isInstanceOf(StartFailure.class)
                .hasMessage(store.resolve("config") + " is damaged: 7 bytes instead of 40");
    }

    @Test
    void whereThereIsNothingToUpgradeASheepStarts() throws Exception {
        Sheep sheep = start("-u");
        sheep.leave();

        assertThat(ended.get(60, TimeUnit.SECONDS)).isFalse();
        sheep.close();
    }

    private byte[] configOfVersion(int version) throws IOException {
        byte[] config = new byte[40];
        config[VERSION_OFFSET] = (byte) version;
        return Files.readAllBytes(Files.write(store.resolve("config"), config));
    }

    private void assertUntouched(byte[] config) throws IOException {
        try (var files = Files.list(store)) {
            assertThat(files).containsExactly(store.resolve("config"));
        }
        assertThat(store.resolve("config")).hasBinaryContent(config);
    }

    private Sheep start(String... options) throws Exception {
        int port;
        try (var free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        var words = new ArrayList<>(List.of(options));
        words.addAll(List.of("-c", "local:" + folder.resolve("cluster"), "-p", "" + port, store.toString()));
        var parsed = SheepOptions.parse(words, false, folder, LocalDateTime::now, true);
        var run = (SheepOptions.Parsed.Run) parsed;
        return Sheep.start(run.config(), () -> {}, ended::complete, ended::completeExceptionally);
    }
}
