package sheepdog.store.disk;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.Optional;

/**
 * The C library's file calls. The JDK's channels are not used for objects because they close themselves when a thread
 * is interrupted, name an error only in the user's language, and lack what sparse files need.
 *
 * <p>Each call returns what C returns; {@link #errno} is that of the calling thread's last call.
 */
@SuppressWarnings("restricted")
final class LibC {
    static final int O_RDONLY = 0;
    static final int O_RDWR = 2;
    static final int O_CREAT = 0x40;
    static final int O_TRUNC = 0x200;
    static final int O_CLOEXEC = 0x80000;

    /** 0 where it is not known; Linux gives it another value on each kind of machine. */
    static final int O_DIRECT = switch (System.getProperty("os.arch")) {
        case "amd64", "riscv64", "s390x" -> 0x4000;
        case "aarch64" -> 0x10000;
        default -> 0;
    };

    static final int F_GETFL = 3;
    static final int F_SETFL = 4;

    static final int ENOENT = 2;
    static final int EINTR = 4;
    static final int EIO = 5;
    static final int EACCES = 13;
    static final int EPERM = 1;
    static final int EEXIST = 17;
    static final int EINVAL = 22;
    static final int ENOSPC = 28;
    static final int EROFS = 30;
    static final int ENOSYS = 38;
    static final int EOPNOTSUPP = 95;
    static final int EDQUOT = 122;

    static final int FALLOC_FL_KEEP_SIZE = 1;
    static final int FALLOC_FL_PUNCH_HOLE = 2;
    static final int SYNC_FILE_RANGE_WRITE = 2;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option CAPTURE = Linker.Option.captureCallState("errno");
    private static final StructLayout CAPTURE_LAYOUT = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = CAPTURE_LAYOUT.varHandle(StructLayout.PathElement.groupElement("errno"));
    private static final ThreadLocal<MemorySegment> STATE =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(CAPTURE_LAYOUT));

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

    private static final MethodHandle OPEN = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("open"),
            FunctionDescriptor.of(INT, ValueLayout.ADDRESS, INT, INT),
            CAPTURE,
            Linker.Option.firstVariadicArg(2));
    private static final MethodHandle FCNTL = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("fcntl"),
            FunctionDescriptor.of(INT, INT, INT, INT),
            CAPTURE,
            Linker.Option.firstVariadicArg(2));
    private static final MethodHandle CLOSE = required("close", FunctionDescriptor.of(INT, INT));
    private static final MethodHandle PREAD =
            required("pread", FunctionDescriptor.of(LONG, INT, ValueLayout.ADDRESS, LONG, LONG));
    private static final MethodHandle PWRITE =
            required("pwrite", FunctionDescriptor.of(LONG, INT, ValueLayout.ADDRESS, LONG, LONG));
    private static final MethodHandle FTRUNCATE = required("ftruncate", FunctionDescriptor.of(INT, INT, LONG));
    private static final MethodHandle LSEEK = required("lseek", FunctionDescriptor.of(LONG, INT, LONG, INT));
    private static final MethodHandle FDATASYNC = required("fdatasync", FunctionDescriptor.of(INT, INT));
    private static final MethodHandle FSYNC = required("fsync", FunctionDescriptor.of(INT, INT));
    private static final MethodHandle RENAME =
            required("rename", FunctionDescriptor.of(INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS));
    private static final MethodHandle UNLINK = required("unlink", FunctionDescriptor.of(INT, ValueLayout.ADDRESS));
    private static final MethodHandle MKDIR = required("mkdir", FunctionDescriptor.of(INT, ValueLayout.ADDRESS, INT));
    private static final MethodHandle STRERROR = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("strerror"), FunctionDescriptor.of(ValueLayout.ADDRESS, INT));
    private static final Optional<MethodHandle> FALLOCATE =
            optional("fallocate", FunctionDescriptor.of(INT, INT, INT, LONG, LONG));
    private static final Optional<MethodHandle> SYNC_FILE_RANGE =
            optional("sync_file_range", FunctionDescriptor.of(INT, INT, LONG, LONG, INT));

    private LibC() {}

    private static MethodHandle required(String name, FunctionDescriptor shape) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), shape, CAPTURE);
    }

    private static Optional<MethodHandle> optional(String name, FunctionDescriptor shape) {
        return LINKER.defaultLookup().find(name).map(symbol -> LINKER.downcallHandle(symbol, shape, CAPTURE));
    }

    static int errno() {
        return (int) ERRNO.get(STATE.get(), 0L);
    }

    static String message(int errno) {
        try {
            var text = (MemorySegment) STRERROR.invokeExact(errno);
            return text.reinterpret(Long.MAX_VALUE).getString(0);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int open(String path, int flags, int mode) {
        try (var arena = Arena.ofConfined()) {
            return (int) OPEN.invokeExact(STATE.get(), arena.allocateFrom(path), flags, mode);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int fcntl(int fd, int command, int argument) {
        try {
            return (int) FCNTL.invokeExact(STATE.get(), fd, command, argument);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int close(int fd) {
        try {
            return (int) CLOSE.invokeExact(STATE.get(), fd);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static long pread(int fd, MemorySegment into, long length, long offset) {
        try {
            return (long) PREAD.invokeExact(STATE.get(), fd, into, length, offset);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static long pwrite(int fd, MemorySegment from, long length, long offset) {
        try {
            return (long) PWRITE.invokeExact(STATE.get(), fd, from, length, offset);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int ftruncate(int fd, long length) {
        try {
            return (int) FTRUNCATE.invokeExact(STATE.get(), fd, length);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    /** Offset of the end of the file. */
    static long seekEnd(int fd) {
        try {
            return (long) LSEEK.invokeExact(STATE.get(), fd, 0L, 2);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int fdatasync(int fd) {
        try {
            return (int) FDATASYNC.invokeExact(STATE.get(), fd);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int fsync(int fd) {
        try {
            return (int) FSYNC.invokeExact(STATE.get(), fd);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int rename(String from, String to) {
        try (var arena = Arena.ofConfined()) {
            return (int) RENAME.invokeExact(STATE.get(), arena.allocateFrom(from), arena.allocateFrom(to));
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int unlink(String path) {
        try (var arena = Arena.ofConfined()) {
            return (int) UNLINK.invokeExact(STATE.get(), arena.allocateFrom(path));
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static int mkdir(String path, int mode) {
        try (var arena = Arena.ofConfined()) {
            return (int) MKDIR.invokeExact(STATE.get(), arena.allocateFrom(path), mode);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    static boolean hasFallocate() {
        return FALLOCATE.isPresent();
    }

    static int fallocate(int fd, int mode, long offset, long length) {
        try {
            return (int) FALLOCATE.orElseThrow().invokeExact(STATE.get(), fd, mode, offset, length);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    /** Starts write-back of the whole file; does nothing where the call is missing. */
    static void startWriteBack(int fd) {
        if (SYNC_FILE_RANGE.isEmpty()) {
            return;
        }
        try {
            int _ = (int) SYNC_FILE_RANGE.get().invokeExact(STATE.get(), fd, 0L, 0L, SYNC_FILE_RANGE_WRITE);
        } catch (Throwable failure) {
            throw unexpected(failure);
        }
    }

    private static AssertionError unexpected(Throwable failure) {
        return new AssertionError("a C call threw", failure);
    }
}
