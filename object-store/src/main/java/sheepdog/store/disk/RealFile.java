package sheepdog.store.disk;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import sheepdog.protocol.model.Invariant;

/** A file of the machine, by its descriptor. */
final class RealFile implements DiskFile {
    /** Up to here space is reserved by writing zeros, which the file system merges with the data that follows. */
    private static final int ZEROS_BYTES = 64 << 10;

    private static final ByteBuffer ZEROS =
            ByteBuffer.allocateDirect(ZEROS_BYTES).asReadOnlyBuffer();

    /** Memory that is not direct goes through this; each pool thread keeps one. */
    private static final ThreadLocal<ByteBuffer> BOUNCE =
            ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(128 << 10));

    /** What goes past the page cache starts and ends at multiples of this, in the file and in memory. */
    private static final int ALIGNED_BYTES = 4096;

    /** In one piece, as much as keeps a disk busy; each pool thread keeps one. */
    private static final ThreadLocal<ByteBuffer> ALIGNED =
            ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect((1 << 20) + ALIGNED_BYTES)
                    .alignedSlice(ALIGNED_BYTES)
                    .slice(0, 1 << 20));

    private final Path path;
    private int fd;

    RealFile(Path path, int fd) {
        this.path = path;
        this.fd = fd;
    }

    @Override
    public int read(ByteBuffer into, long offset) throws DiskException {
        int total = 0;
        while (into.hasRemaining()) {
            int count = into.isDirect()
                    ? readOnce(MemorySegment.ofBuffer(into), into.remaining(), offset + total)
                    : readBounced(into, offset + total);
            if (count == 0) {
                break;
            }
            if (into.isDirect()) {
                into.position(into.position() + count);
            }
            total += count;
        }
        return total;
    }

    private int readBounced(ByteBuffer into, long offset) throws DiskException {
        ByteBuffer bounce = BOUNCE.get().clear();
        int count = readOnce(MemorySegment.ofBuffer(bounce), Math.min(bounce.remaining(), into.remaining()), offset);
        into.put(bounce.limit(count));
        return count;
    }

    private int readOnce(MemorySegment into, int length, long offset) throws DiskException {
        while (true) {
            long count = LibC.pread(fd(), into, length, offset);
            if (count >= 0) {
                return (int) count;
            }
            retryOrThrow("read");
        }
    }

    @Override
    public void write(ByteBuffer data, long offset) throws DiskException {
        if (data.isDirect()) {
            writeAll(MemorySegment.ofBuffer(data), data.remaining(), offset);
            return;
        }
        ByteBuffer bounce = BOUNCE.get();
        for (int done = 0, left = data.remaining(); left > 0; ) {
            int count = Math.min(left, bounce.capacity());
            bounce.clear().put(0, data, data.position() + done, count);
            writeAll(MemorySegment.ofBuffer(bounce), count, offset + done);
            done += count;
            left -= count;
        }
    }

    private void writeAll(MemorySegment data, int length, long offset) throws DiskException {
        int done = 0;
        while (done < length) {
            MemorySegment rest = done == 0 ? data : data.asSlice(done);
            long count = LibC.pwrite(fd(), rest, length - done, offset + done);
            if (count < 0) {
                retryOrThrow("write");
            } else {
                done += (int) count;
            }
        }
    }

    @Override
    public void writeThrough(ByteBuffer data, long offset) throws DiskException {
        int done = offset % ALIGNED_BYTES == 0 ? writePastCache(data, offset) : 0;
        if (done < data.remaining()) {
            write(data.slice(data.position() + done, data.remaining() - done), offset + done);
        }
    }

    /** @return bytes written so, from the first on; 0 if this cannot be done here */
    private int writePastCache(ByteBuffer data, long offset) throws DiskException {
        int whole = data.remaining() / ALIGNED_BYTES * ALIGNED_BYTES;
        int flags = LibC.fcntl(fd(), LibC.F_GETFL, 0);
        if (whole == 0
                || LibC.O_DIRECT == 0
                || flags < 0
                || LibC.fcntl(fd(), LibC.F_SETFL, flags | LibC.O_DIRECT) < 0) {
            return 0;
        }
        try {
            ByteBuffer piece = ALIGNED.get();
            for (int done = 0; done < whole; ) {
                int count = Math.min(piece.capacity(), whole - done);
                piece.clear().put(0, data, data.position() + done, count);
                long written = LibC.pwrite(fd(), MemorySegment.ofBuffer(piece), count, offset + done);
                if (written < 0 && LibC.errno() == LibC.EINVAL) {
                    return done;
                } else if (written < 0) {
                    retryOrThrow("write");
                } else {
                    done += (int) written;
                    if (written < count) {
                        return done; // The rest says why, or need not start at a multiple any more.
                    }
                }
            }
            return whole;
        } finally {
            LibC.fcntl(fd(), LibC.F_SETFL, flags);
        }
    }

    @Override
    public void resize(long length) throws DiskException {
        while (LibC.ftruncate(fd(), length) != 0) {
            retryOrThrow("resize");
        }
    }

    @Override
    public void reserve(long offset, long length) throws DiskException {
        if (length > ZEROS_BYTES && allocate(offset, length)) {
            return;
        }
        writeZeros(offset, length);
    }

    private boolean allocate(long offset, long length) throws DiskException {
        while (LibC.hasFallocate()) {
            if (LibC.fallocate(fd(), LibC.FALLOC_FL_KEEP_SIZE, offset, length) == 0) {
                return true;
            }
            if (isUnsupported(LibC.errno())) {
                return false;
            }
            retryOrThrow("allocate");
        }
        return false;
    }

    @Override
    public void punch(long offset, long length) throws DiskException {
        while (LibC.hasFallocate()) {
            if (LibC.fallocate(fd(), LibC.FALLOC_FL_PUNCH_HOLE | LibC.FALLOC_FL_KEEP_SIZE, offset, length) == 0) {
                return;
            }
            int errno = LibC.errno();
            if (isUnsupported(errno) || errno == LibC.ENOSPC) {
                break; // A hole may need a new block for its description, zeros over old blocks need none.
            }
            retryOrThrow("punch");
        }
        writeZeros(offset, length);
    }

    private void writeZeros(long offset, long length) throws DiskException {
        for (long done = 0; done < length; ) {
            int count = (int) Math.min(ZEROS_BYTES, length - done);
            write(ZEROS.slice(0, count), offset + done);
            done += count;
        }
    }

    private static boolean isUnsupported(int errno) {
        return errno == LibC.EOPNOTSUPP || errno == LibC.ENOSYS || errno == LibC.EINVAL;
    }

    @Override
    public void startWriteBack() {
        LibC.startWriteBack(fd());
    }

    @Override
    public void sync() throws DiskException {
        // Not tried again after an error: the kernel has forgotten by then what it failed to write.
        while (LibC.fdatasync(fd()) != 0) {
            retryOrThrow("sync");
        }
    }

    @Override
    public long length() throws DiskException {
        long length = LibC.seekEnd(fd());
        if (length < 0) {
            retryOrThrow("length of");
        }
        return length;
    }

    @Override
    public void close() {
        if (fd >= 0) {
            LibC.close(fd);
            fd = -1;
        }
    }

    private int fd() {
        Invariant.check(fd >= 0, "%s is closed", path);
        return fd;
    }

    private void retryOrThrow(String operation) throws DiskException {
        int errno = LibC.errno();
        if (errno != LibC.EINTR) {
            throw RealDisk.failure(errno, operation, path);
        }
    }
}
