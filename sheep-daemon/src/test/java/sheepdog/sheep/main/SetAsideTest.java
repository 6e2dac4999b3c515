package sheepdog.sheep.main;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a cluster went on without is moved away whole, wherever the process or the machine ends in the middle. */
class SetAsideTest {
    private static final long STORE = 0x1234L;
    private static final String FOLDER = "set-aside-by-recover-force-0000000000001234";

    /** In the order in which they are moved. */
    private static final List<String> PARTS = List.of("obj", "epoch", "meta", "log", "config", "id");

    @TempDir
    Path base;

    @BeforeEach
    void fill() throws IOException {
        fill(base);
    }

    private static void fill(Path into) throws IOException {
        for (String part : PARTS.subList(0, 4)) {
            Files.createDirectories(into.resolve(part));
            Files.writeString(into.resolve(part).resolve("file"), part);
        }
        Files.writeString(into.resolve("config"), "config");
        Files.writeString(into.resolve("id"), "id");
        Files.writeString(into.resolve("sheep.log"), "log");
    }

    private TreeSet<String> names(Path of) throws IOException {
        try (var files = Files.list(of)) {
            return files.map(file -> file.getFileName().toString()).collect(Collectors.toCollection(TreeSet::new));
        }
    }

    private void assertAside() throws IOException {
        assertThat(names(base)).containsExactly("lock", FOLDER, "sheep.log");
        assertThat(names(base.resolve(FOLDER))).containsExactlyInAnyOrderElementsOf(PARTS);
        assertThat(base.resolve(FOLDER).resolve("obj/file")).hasContent("obj");
        assertThat(base.resolve(FOLDER).resolve("id")).hasContent("id");
    }

    @Test
    void allOfTheStoreIsMovedAndNothingElse() throws IOException {
        SetAside.store(base, STORE);

        assertAside();
    }

    /** After a loss of power any of the moves may have been undone, while the marker was on disk before the first. */
    @Test
    void whereverItEndedTheNextStartGoesOn() throws IOException {
        for (int moved = 0; moved < 1 << PARTS.size(); moved++) {
            for (String name : names(base)) {
                deleteAll(base.resolve(name));
            }
            fill();
            Files.writeString(base.resolve("set-aside"), FOLDER);
            if (moved > 0) {
                Files.createDirectory(base.resolve(FOLDER));
            }
            for (int i = 0; i < PARTS.size(); i++) {
                if ((moved & 1 << i) != 0) {
                    Files.move(base.resolve(PARTS.get(i)), base.resolve(FOLDER).resolve(PARTS.get(i)));
                }
            }

            SetAside.finish(base);

            assertAside();
            SetAside.finish(base);
            assertAside();
        }
    }

    @Test
    void beforeTheMarkerHasItsNameNothingIsMoved() throws IOException {
        Files.writeString(base.resolve("set-aside.tmp"), FOLDER.substring(0, 9));

        SetAside.finish(base);

        assertThat(names(base)).containsAll(PARTS).doesNotContain(FOLDER);
        SetAside.store(base, STORE);
        assertAside();
    }

    @Test
    void anEmptyStoreThatWasMadeMeanwhileIsNotPutOnTopOfTheOld() throws IOException {
        SetAside.store(base, STORE);
        fill(base);
        Files.writeString(base.resolve("id"), "new");

        SetAside.finish(base);

        assertThat(base.resolve("id")).hasContent("new");
        assertThat(base.resolve(FOLDER).resolve("id")).hasContent("id");
    }

    @Test
    void aMarkerThatSaysSomethingElseIsAnErrorAndNothingIsMoved() throws IOException {
        Files.writeString(base.resolve("set-aside"), "../elsewhere");

        assertThatThrownBy(() -> SetAside.finish(base))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("damaged");
        assertThat(names(base)).containsAll(PARTS);
    }

    private static void deleteAll(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            try (var files = Files.list(path)) {
                for (Path file : files.toList()) {
                    deleteAll(file);
                }
            }
        }
        Files.delete(path);
    }
}
