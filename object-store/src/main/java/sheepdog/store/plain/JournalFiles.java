package sheepdog.store.plain;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Optional;
import java.util.OptionalLong;
import sheepdog.store.disk.Disk;
import sheepdog.store.disk.DiskFile;

/** The journal's two files as bytes: making them, and reading them after a crash. */
final class JournalFiles {
    private static final int ZEROS_BYTES = 1 << 20;

    private JournalFiles() {}

    private static Path path(Path folder, int index) {
        return folder.resolve("journal" + index);
    }

    /** Opens a file of the journal at its full size, filled, so that writing it later needs no space. */
    static DiskFile ready(Disk disk, Path folder, int index, PlainStoreConfig config) throws IOException {
        Path path = path(folder, index);
        if (disk.exists(path)) {
            DiskFile file = disk.open(path);
            if (file.length() == config.segmentBytes()) {
                settle(disk, folder, file, config); // Whoever made it may have been killed before doing so.
                return file;
            }
            file.close();
        }
        DiskFile file = disk.create(path);
        try {
            var zeros = ByteBuffer.allocateDirect(Math.min(ZEROS_BYTES, config.segmentBytes()));
            for (int done = 0; done < config.segmentBytes(); done += zeros.limit()) {
                zeros.limit(Math.min(zeros.capacity(), config.segmentBytes() - done));
                file.write(zeros, done);
            }
            settle(disk, folder, file, config);
            return file;
        } catch (IOException failure) {
            file.resize(0); // Half a file would keep the space that is missing; its name says that nothing was lost.
            file.close();
            throw failure;
        }
    }

    private static void settle(Disk disk, Path folder, DiskFile file, PlainStoreConfig config) throws IOException {
        if (config.synced()) {
            file.sync();
            disk.syncDirectory(folder);
        }
    }

    /** Takes the records in the order they were made. */
    interface Visitor {
        void visit(JournalRecord entry, long number) throws IOException;
    }

    /**
     * Puts on stable storage what a killed process has left in memory: a replay must not act on records that a power
     * cut in the middle of it could take away again.
     */
    static void sync(Disk disk, Path folder) throws IOException {
        for (int index = 0; index < 2; index++) {
            Path path = path(folder, index);
            if (disk.exists(path)) {
                try (DiskFile file = disk.open(path)) {
                    file.sync();
                }
            }
        }
    }

    /** A segment to be replayed. */
    private record Found(Path path, long serial) {}

    /**
     * Reads every record of the segments after {@code checkpointed}.
     *
     * @param secret what batches of this store bear; empty if its journal was never complete, or is older than secrets
     * @return serial of the newest segment, {@code checkpointed} if there is none
     * @throws IOException if the journal is damaged in a way that a crash cannot explain, or of an unknown version
     */
    static long replay(Disk disk, Path folder, long checkpointed, OptionalLong secret, Visitor visitor)
            throws IOException {
        var found = new ArrayList<Found>();
        for (int index = 0; index < 2; index++) {
            Path path = path(folder, index);
            if (!disk.exists(path)) {
                if (secret.isPresent()) {
                    throw damaged(path, "it is missing");
                }
            } else {
                try (DiskFile file = disk.open(path)) {
                    long serial = new Reader(file, path, secret.orElse(0)).serialAfter(checkpointed);
                    if (serial > checkpointed) {
                        found.add(new Found(path, serial));
                    }
                }
            }
        }
        found.sort((a, b) -> Long.compare(a.serial(), b.serial()));
        long expected = checkpointed;
        for (Found segment : found) {
            expected++;
            if (segment.serial() != expected) {
                throw damaged(segment.path(), "segment " + expected + " is missing");
            }
        }
        for (Found segment : found) {
            try (DiskFile file = disk.open(segment.path())) {
                new Reader(file, segment.path(), secret.orElse(0)).visit(segment.serial(), visitor);
            }
        }
        return expected;
    }

    private static IOException damaged(Path path, String how) {
        return new IOException("the journal " + path + " is damaged: " + how);
    }

    /** One segment's bytes. */
    private static final class Reader {
        private final DiskFile file;
        private final Path path;
        private final long length;
        private final long secret;
        private final ByteBuffer header =
                ByteBuffer.allocateDirect(Journal.BATCH_HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);

        Reader(DiskFile file, Path path, long secret) throws IOException {
            this.file = file;
            this.path = path;
            this.length = file.length();
            this.secret = secret;
        }

        /** @return the segment's serial, or {@code checkpointed} if nothing in it is newer */
        long serialAfter(long checkpointed) throws IOException {
            if (readHeader(0) && header.getLong(8) > checkpointed && header.getLong(16) == 0) {
                if (batchAt(0, header.getLong(8), 0).isPresent()) {
                    return header.getLong(8);
                }
            }
            if (header.getInt(0) == Journal.MAGIC && header.getLong(8) > checkpointed && isOfOthers()) {
                throw damaged(path, "it belongs to other metadata");
            }
            // Its first batch is not there, so none may be.
            for (long offset = Journal.ALIGNMENT; offset < length; offset += Journal.ALIGNMENT) {
                if (readHeader(offset) && header.getLong(8) > checkpointed) {
                    long serial = header.getLong(8);
                    if (batchAt(offset, serial, header.getLong(16)).isPresent()) {
                        throw damaged(path, "its beginning is lost");
                    }
                }
            }
            return checkpointed;
        }

        void visit(long serial, Visitor visitor) throws IOException {
            long offset = 0;
            long index = 0;
            while (true) {
                var batch = batchAt(offset, serial, index);
                if (batch.isEmpty()) {
                    break;
                }
                ByteBuffer records = batch.get();
                int size = Journal.BATCH_HEADER_BYTES + records.remaining();
                while (records.hasRemaining()) {
                    JournalRecord.Numbered numbered;
                    try {
                        numbered = JournalRecord.decode(records);
                    } catch (IllegalArgumentException bad) {
                        throw damaged(path, bad.getMessage());
                    }
                    visitor.visit(numbered.record(), numbered.number());
                }
                offset += (size + Journal.ALIGNMENT - 1) & -Journal.ALIGNMENT;
                index++;
            }
            for (long later = offset + Journal.ALIGNMENT; later < length; later += Journal.ALIGNMENT) {
                // A batch is written only after the one before it was synced, so this one's loss is no crash's.
                if (readHeader(later) && header.getLong(8) == serial && header.getLong(16) > index) {
                    if (batchAt(later, serial, header.getLong(16)).isPresent()) {
                        throw damaged(path, "batch " + index + " is lost and later ones are not");
                    }
                }
            }
        }

        /** Whether the header just read, at the file's beginning, where no client's data can be, bears another secret. */
        private boolean isOfOthers() {
            return header.getLong(Journal.SECRET_OFFSET) != secret;
        }

        private boolean readHeader(long offset) throws IOException {
            header.clear();
            if (file.read(header, offset) < Journal.BATCH_HEADER_BYTES || header.getInt(0) != Journal.MAGIC) {
                return false;
            }
            return true;
        }

        /** The records of a whole batch, or nothing. */
        private Optional<ByteBuffer> batchAt(long offset, long serial, long index) throws IOException {
            if (!readHeader(offset)
                    || header.getLong(8) != serial
                    || header.getLong(16) != index
                    || header.getLong(Journal.SECRET_OFFSET) != secret) {
                return Optional.empty();
            }
            int size = header.getInt(24);
            if (size < 0 || size > Journal.BATCH_BYTES_MAX || offset + Journal.BATCH_HEADER_BYTES + size > length) {
                return Optional.empty();
            }
            var batch = ByteBuffer.allocate(Journal.BATCH_HEADER_BYTES + size).order(ByteOrder.LITTLE_ENDIAN);
            if (file.read(batch, offset) < batch.capacity()
                    || Journal.checksum(batch) != batch.getInt(Journal.CRC_OFFSET)) {
                return Optional.empty();
            }
            if (batch.getInt(4) != Journal.VERSION) {
                throw new IOException("the journal " + path + " has the unknown version " + batch.getInt(4));
            }
            return Optional.of(batch.slice(Journal.BATCH_HEADER_BYTES, size).order(ByteOrder.LITTLE_ENDIAN));
        }
    }
}
