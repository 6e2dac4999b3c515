package sheepdog.store.disk;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Optional;

/** The machine's own file system: Linux, through the C library; {@code fallocate} and its like where it has them. */
public final class RealDisk implements Disk {
    private static final int DIRECTORY_MODE = 0770;
    private static final int FILE_MODE = 0660;

    @Override
    public DiskFile open(Path file) throws DiskException {
        return open(file, LibC.O_RDWR | LibC.O_CLOEXEC);
    }

    @Override
    public DiskFile create(Path file) throws DiskException {
        return open(file, LibC.O_RDWR | LibC.O_CREAT | LibC.O_TRUNC | LibC.O_CLOEXEC);
    }

    private static DiskFile open(Path file, int flags) throws DiskException {
        return new RealFile(file, descriptor(file, flags));
    }

    private static int descriptor(Path file, int flags) throws DiskException {
        while (true) {
            int fd = LibC.open(file.toString(), flags, FILE_MODE);
            if (fd >= 0) {
                return fd;
            }
            int errno = LibC.errno();
            if (errno != LibC.EINTR) {
                throw failure(errno, "open", file);
            }
        }
    }

    @Override
    public boolean exists(Path path) throws DiskException {
        try {
            Files.readAttributes(path, BasicFileAttributes.class);
            return true;
        } catch (NoSuchFileException _) {
            return false;
        } catch (IOException failure) {
            throw translated(failure, "look for", path); // Not known is not absent.
        }
    }

    @Override
    public boolean isDirectory(Path path) {
        return Files.isDirectory(path);
    }

    @Override
    public void rename(Path from, Path to) throws DiskException {
        if (LibC.rename(from.toString(), to.toString()) != 0) {
            throw failure(LibC.errno(), "rename", from);
        }
    }

    @Override
    public boolean delete(Path file) throws DiskException {
        if (LibC.unlink(file.toString()) == 0) {
            return true;
        }
        int errno = LibC.errno();
        if (errno == LibC.ENOENT) {
            return false;
        }
        throw failure(errno, "delete", file);
    }

    @Override
    public void makeDirectory(Path directory) throws DiskException {
        if (LibC.mkdir(directory.toString(), DIRECTORY_MODE) != 0) {
            int errno = LibC.errno();
            if (errno != LibC.EEXIST || !Files.isDirectory(directory)) {
                throw failure(errno, "make directory", directory);
            }
        }
    }

    @Override
    public List<String> list(Path directory) throws DiskException {
        try (var entries = Files.list(directory)) {
            return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
        } catch (IOException failure) {
            throw translated(failure, "list", directory);
        }
    }

    @Override
    public void syncDirectory(Path directory) throws DiskException {
        int fd = descriptor(directory, LibC.O_RDONLY | LibC.O_CLOEXEC);
        try {
            while (LibC.fsync(fd) != 0) {
                int errno = LibC.errno();
                if (errno != LibC.EINTR) {
                    throw failure(errno, "sync", directory);
                }
            }
        } finally {
            LibC.close(fd);
        }
    }

    @Override
    public Space space(Path path) throws DiskException {
        try {
            var fileStore = Files.getFileStore(path);
            return new Space(fileStore.getTotalSpace(), fileStore.getUsableSpace());
        } catch (IOException failure) {
            throw translated(failure, "space of", path);
        }
    }

    @Override
    public Optional<Lock> lock(Path file) throws DiskException {
        open(file, LibC.O_RDWR | LibC.O_CREAT | LibC.O_CLOEXEC).close(); // For the access mode of the original.
        FileChannel channel = null;
        try {
            channel = FileChannel.open(file, StandardOpenOption.WRITE);
            FileLock held = channel.tryLock();
            if (held == null) {
                channel.close();
                return Optional.empty();
            }
            return Optional.of(new HeldLock(channel));
        } catch (OverlappingFileLockException _) {
            closeQuietly(channel); // Another store of this very process has it.
            return Optional.empty();
        } catch (IOException failure) {
            closeQuietly(channel);
            throw translated(failure, "lock", file);
        }
    }

    private record HeldLock(FileChannel channel) implements Lock {
        @Override
        public void close() {
            closeQuietly(channel);
        }
    }

    private static void closeQuietly(FileChannel channel) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException _) {
            // Nothing was written through it.
        }
    }

    static DiskException failure(int errno, String operation, Path path) {
        return new DiskException(
                switch (errno) {
                    case LibC.ENOSPC, LibC.EDQUOT -> DiskException.Kind.NO_SPACE;
                    case LibC.ENOENT -> DiskException.Kind.NOT_FOUND;
                    case LibC.EROFS -> DiskException.Kind.READ_ONLY;
                    case LibC.EACCES, LibC.EPERM -> DiskException.Kind.ACCESS;
                    default -> DiskException.Kind.IO;
                },
                operation,
                path,
                LibC.message(errno));
    }

    private static DiskException translated(IOException failure, String operation, Path path) {
        var kind = switch (failure) {
            case NoSuchFileException _ -> DiskException.Kind.NOT_FOUND;
            case java.nio.file.AccessDeniedException _ -> DiskException.Kind.ACCESS;
            default -> DiskException.Kind.IO;
        };
        return new DiskException(kind, operation, path, String.valueOf(failure.getMessage()));
    }
}
