package sheepdog.sheep.main;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.files.Folder;
import sheepdog.membership.files.RealFolder;
import sheepdog.store.disk.Disk;
import sheepdog.store.disk.DiskException;
import sheepdog.store.disk.RealDisk;

/**
 * Puts what is in a store directory into a folder of it, so that the next sheep there finds it empty: for a store that its
 * cluster went on without by force. Nothing is deleted, and nothing of it is ever served.
 *
 * <p>A marker file says what is to be done. It comes first and goes last, so an end in the middle is made up for by the next
 * start. Blocking; one thread, with the directory's lock.
 */
final class SetAside {
    private static final Logger LOG = LoggerFactory.getLogger(SetAside.class);
    private static final String MARKER = "set-aside";
    private static final String PREFIX = "set-aside-by-recover-force-";
    private static final List<String> STORE = List.of("obj", "epoch", "meta", "log", "config", "id");

    private SetAside() {}

    /** Sets all of the store aside that is in {@code base}, and locked by nobody. */
    static void store(Path base, long storeId) throws IOException {
        Folder folder = RealFolder.of(base);
        String name = PREFIX + HexFormat.of().toHexDigits(storeId);
        SmallFile.write(folder, MARKER, name);
        finish(base);
    }

    /** Goes on with what an earlier process began, if it began anything. */
    static void finish(Path base) throws IOException {
        Path marker = base.resolve(MARKER);
        if (!Files.exists(marker)) {
            return;
        }
        String name = Files.readString(marker, StandardCharsets.US_ASCII);
        if (!name.matches(PREFIX + "[0-9a-f]{16}")) {
            throw new IOException(marker + " is damaged");
        }
        Optional<Disk.Lock> lock = lock(base);
        if (lock.isEmpty()) {
            return; // Whoever has it is doing this, or will be told that the directory is in use.
        }
        try {
            Path folder = base.resolve(name);
            Files.createDirectories(folder);
            for (String part : STORE) {
                if (Files.exists(base.resolve(part)) && !Files.exists(folder.resolve(part))) {
                    Files.move(base.resolve(part), folder.resolve(part), StandardCopyOption.ATOMIC_MOVE);
                }
            }
            RealFolder.of(folder).sync();
            RealFolder.of(base).sync();
            Files.delete(marker);
            RealFolder.of(base).sync();
            LOG.warn("what this directory held is set aside folder={}", folder);
        } finally {
            lock.get().close();
        }
    }

    private static Optional<Disk.Lock> lock(Path base) throws IOException {
        try {
            return new RealDisk().lock(base.resolve("lock"));
        } catch (DiskException failed) {
            throw new IOException(failed.reason(), failed);
        }
    }
}
