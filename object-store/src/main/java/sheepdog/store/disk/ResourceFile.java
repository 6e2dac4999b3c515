package sheepdog.store.disk;

import java.io.IOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** A file of the class path that must lie on a real disk, since the system loads it. */
public final class ResourceFile {
    private ResourceFile() {}

    /**
     * Puts {@code resource} at {@code folder/version/name} if nothing is there, and removes copies of other versions.
     *
     * @return the folder that holds it
     */
    public static Path extract(URL resource, Path folder, String version, String name) throws IOException {
        Path home = folder.resolve(version);
        Path file = home.resolve(name);
        if (!Files.exists(file)) {
            removeOthers(folder);
            Files.createDirectories(home);
            Path temporary = home.resolve(name + ".tmp");
            try (var in = resource.openStream()) {
                Files.copy(in, temporary, StandardCopyOption.REPLACE_EXISTING);
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        }
        return home;
    }

    private static void removeOthers(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (var versions = Files.list(folder)) {
            for (Path version : versions.toList()) {
                try (var files = Files.list(version)) {
                    for (Path file : files.toList()) {
                        Files.delete(file);
                    }
                }
                Files.delete(version);
            }
        }
    }
}
