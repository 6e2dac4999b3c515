package sheepdog.sheep.main;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.function.Supplier;

/**
 * The file that lines are added to. When it has grown to its limit it gets a name with the time in it, and a new one
 * begins. A link in its place is followed, also then: the new file is where the link points.
 *
 * <p>On one thread at a time.
 */
final class LogFile implements AutoCloseable {
    private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("yyyy-MM-dd-HH-mm");

    private final Path path;
    private final long bytesMax;
    private final Supplier<LocalDateTime> now;
    private OutputStream out;
    private long bytes;

    LogFile(Path path, long bytesMax, Supplier<LocalDateTime> now) throws IOException {
        this.path = path;
        this.bytesMax = bytesMax;
        this.now = now;
        open();
    }

    /** @param line without its end */
    void add(String line) throws IOException {
        byte[] encoded = (line + "\n").getBytes(StandardCharsets.UTF_8);
        if (bytes > 0 && bytes + encoded.length > bytesMax) {
            rotate();
        }
        out.write(encoded);
        bytes += encoded.length;
    }

    @Override
    public void close() throws IOException {
        out.close();
    }

    private void open() throws IOException {
        out = Files.newOutputStream(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        bytes = Files.size(path);
    }

    private void rotate() throws IOException {
        out.close();
        try {
            Path file = path.toRealPath();
            String stamped = path.getFileName() + "." + STAMP.format(now.get());
            Path kept = file.resolveSibling(stamped);
            for (int i = 1; Files.exists(kept); i++) {
                kept = file.resolveSibling(stamped + "." + i);
            }
            Files.move(file, kept);
        } finally {
            open(); // Better a file too long than none.
        }
    }
}
