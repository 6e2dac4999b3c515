package sheepdog.membership.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;

/** A folder of the operating system. */
public final class RealFolder implements Folder {
    private static final FileAttribute<?>[] GROUPS_TOO = {
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-rw----"))
    };
    private static final Set<OpenOption> NEW = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);

    private final Path path;
    private final FileAttribute<?>[] attributes;

    private RealFolder(Path path, FileAttribute<?>... attributes) {
        this.path = path;
        this.attributes = attributes;
    }

    /** @param path of a folder that is there; files get the modes that the process gives */
    public static RealFolder of(Path path) {
        return new RealFolder(path);
    }

    /** @param path of a folder that is there; files are for their owner and group only */
    public static RealFolder ofGroup(Path path) {
        return new RealFolder(path, GROUPS_TOO);
    }

    @Override
    public String path() {
        return path.toString();
    }

    @Override
    public List<String> names() throws IOException {
        try (var files = Files.list(path)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> file.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    @Override
    public boolean exists(String name) {
        return Files.exists(path.resolve(name));
    }

    @Override
    public byte[] read(String name) throws IOException {
        return Files.readAllBytes(path.resolve(name));
    }

    @Override
    public OpenFile open(String name) throws IOException {
        return new RealFile(path.resolve(name), FileChannel.open(path.resolve(name), StandardOpenOption.WRITE));
    }

    @Override
    public OpenFile create(String name) throws IOException {
        delete(name);
        try {
            return new RealFile(path.resolve(name), FileChannel.open(path.resolve(name), NEW, attributes));
        } catch (IOException failure) {
            throw told(failure, path.resolve(name));
        }
    }

    @Override
    public void rename(String from, String to) throws IOException {
        try {
            Files.move(path.resolve(from), path.resolve(to), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException failure) {
            throw told(failure, path.resolve(to));
        }
    }

    @Override
    public void delete(String name) throws IOException {
        Files.deleteIfExists(path.resolve(name));
    }

    @Override
    public void sync() throws IOException {
        try (var channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    @Override
    public long freeBytes() throws IOException {
        return Files.getFileStore(path).getUsableSpace();
    }

    private static IOException told(IOException failure, Path file) {
        String reason = failure instanceof FileSystemException named ? named.getReason() : failure.getMessage();
        return ErrorText.isNoSpace(reason) ? new NoSpaceException(file + ": " + reason) : failure;
    }

    private record RealFile(Path path, FileChannel channel) implements OpenFile {
        @Override
        public long length() throws IOException {
            return channel.size();
        }

        @Override
        public void write(ByteBuffer bytes, long offset) throws IOException {
            try {
                long at = offset;
                while (bytes.hasRemaining()) {
                    at += channel.write(bytes, at);
                }
            } catch (IOException failure) {
                throw told(failure, path);
            }
        }

        @Override
        public void shorten(long length) throws IOException {
            channel.truncate(length);
        }

        @Override
        public void sync() throws IOException {
            try {
                channel.force(false); // The length is among what is needed to read it again.
            } catch (IOException failure) {
                throw told(failure, path);
            }
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
