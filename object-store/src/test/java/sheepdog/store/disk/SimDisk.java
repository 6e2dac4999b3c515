package sheepdog.store.disk;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.random.RandomGenerator;

/**
 * A disk in memory that forgets at a power cut what was not synced: any part of it, in sectors and in names, as the
 * seed has it. It can be full, fail calls, and stop in the middle of one. Calls of several threads take turns.
 *
 * <p>Kinder than a real one in one way: directories are there for good as soon as they are made.
 */
public final class SimDisk implements Disk {
    private static final int PAGE_BYTES = 4096;

    /** Looks at every call before it happens, and may throw, wait or remember. */
    public interface Hook {
        /**
         * @param operation open, create, rename, delete, mkdir, list, syncdir, read, write, resize, reserve, punch or sync
         */
        void before(String operation, Path path) throws DiskException;
    }

    private final SimPower power;
    private final TreeMap<Path, Inode> names = new TreeMap<>();
    private final TreeMap<Path, Inode> durableNames = new TreeMap<>();
    private final List<NameChange> unsyncedNames = new ArrayList<>();
    private final Set<Path> directories = new TreeSet<>();
    private final Set<Path> locks = new HashSet<>();
    private Hook hook = (_, _) -> {};
    private long capacityBytes = Long.MAX_VALUE;
    private int generation;

    /** One change of names; it comes through a power cut whole or not at all. */
    private record NameChange(Path from, Path to, Inode inode) {
        boolean touches(Path directory) {
            return to != null && directory.equals(to.getParent()) || from != null && directory.equals(from.getParent());
        }

        boolean sharesNameWith(NameChange other) {
            return to != null && (to.equals(other.to) || to.equals(other.from))
                    || from != null && (from.equals(other.to) || from.equals(other.from));
        }

        void applyTo(TreeMap<Path, Inode> names) {
            if (from != null) {
                names.remove(from);
            }
            if (to != null) {
                names.put(to, inode);
            }
        }
    }

    /** A change of content since the last sync. */
    private sealed interface Change {}

    private record Written(long offset, byte[] bytes) implements Change {}

    private record Resized(long length) implements Change {}

    private record Punched(long offset, long length) implements Change {}

    private static final class Content {
        private final TreeMap<Long, byte[]> pages = new TreeMap<>();
        private long length;

        Content copy() {
            var copy = new Content();
            pages.forEach((index, page) -> copy.pages.put(index, page.clone()));
            copy.length = length;
            return copy;
        }

        void write(long offset, byte[] bytes, int from, int count) {
            for (int done = 0; done < count; ) {
                long at = offset + done;
                byte[] page = pages.computeIfAbsent(at / PAGE_BYTES, _ -> new byte[PAGE_BYTES]);
                int start = (int) (at % PAGE_BYTES);
                int part = Math.min(PAGE_BYTES - start, count - done);
                System.arraycopy(bytes, from + done, page, start, part);
                done += part;
            }
            length = Math.max(length, offset + count);
        }

        void zero(long offset, long count) {
            for (long at = offset; at < offset + count; ) {
                int start = (int) (at % PAGE_BYTES);
                int part = (int) Math.min(PAGE_BYTES - start, offset + count - at);
                if (part == PAGE_BYTES) {
                    pages.remove(at / PAGE_BYTES);
                } else if (pages.containsKey(at / PAGE_BYTES)) {
                    Arrays.fill(pages.get(at / PAGE_BYTES), start, start + part, (byte) 0);
                }
                at += part;
            }
        }

        void resize(long to) {
            if (to < length) {
                zero(to, length - to);
            }
            length = to;
        }

        byte at(long offset) {
            byte[] page = pages.get(offset / PAGE_BYTES);
            return page == null ? 0 : page[(int) (offset % PAGE_BYTES)];
        }
    }

    private static final class Inode {
        private Content content = new Content();
        private Content durable = new Content();
        private final List<Change> unsynced = new ArrayList<>();

        Inode copy() {
            var copy = new Inode();
            copy.content = durable.copy();
            copy.durable = durable.copy();
            return copy;
        }

        void add(Change change) {
            unsynced.add(change);
            apply(change, content);
        }

        void sync() {
            unsynced.forEach(change -> apply(change, durable));
            unsynced.clear();
        }

        private static void apply(Change change, Content to) {
            switch (change) {
                case Written written -> to.write(written.offset(), written.bytes(), 0, written.bytes().length);
                case Resized resized -> to.resize(resized.length());
                case Punched punched -> to.zero(punched.offset(), punched.length());
            }
        }

        /** A mood for each change (nothing, all, some), since a fair coin per sector would seldom keep whole ones. */
        void losePower(RandomGenerator random) {
            for (Change change : unsynced) {
                int mood = random.nextInt(3);
                if (mood == 1 || mood == 2 && !(change instanceof Written) && random.nextBoolean()) {
                    apply(change, durable);
                } else if (mood == 2 && change instanceof Written(long offset, byte[] bytes)) {
                    for (int done = 0; done < bytes.length; ) {
                        int part = (int) Math.min(SECTOR_BYTES - (offset + done) % SECTOR_BYTES, bytes.length - done);
                        if (random.nextBoolean()) {
                            durable.write(offset + done, bytes, done, part);
                        }
                        done += part;
                    }
                }
            }
            unsynced.clear();
            content = durable.copy();
        }
    }

    public SimDisk(SimPower power) {
        this.power = power;
    }

    /** From now on every call is shown to {@code hook} first. */
    public synchronized void hook(Hook newHook) {
        hook = newHook;
    }

    /** Pages in use and those still to come fit into so many bytes. */
    public synchronized void capacity(long bytes) {
        capacityBytes = bytes;
    }

    public synchronized long usedBytes() {
        return names.values().stream()
                        .distinct()
                        .mapToLong(inode -> inode.content.pages.size())
                        .sum()
                * PAGE_BYTES;
    }

    /** The power is back: what was not synced is there or not, in whole or in part. Open files and locks are gone. */
    public synchronized void restart(RandomGenerator random) {
        generation++;
        locks.clear();
        for (NameChange change : unsyncedNames) {
            if (random.nextBoolean()) {
                change.applyTo(durableNames);
            }
        }
        unsyncedNames.clear();
        names.clear();
        names.putAll(durableNames);
        names.values().stream().distinct().forEach(inode -> inode.losePower(random));
    }

    /** Only the program ended: what it wrote is there, and its open files and locks are gone. */
    public synchronized void restartProgram() {
        generation++;
        locks.clear();
    }

    /** Everything that is on {@code other}, which has no unsynced changes that matter: what it would be after a power cut that lost them. */
    public synchronized void copyOf(SimDisk other) {
        var copies = new IdentityHashMap<Inode, Inode>();
        synchronized (other) {
            other.durableNames.forEach(
                    (path, inode) -> durableNames.put(path, copies.computeIfAbsent(inode, Inode::copy)));
            directories.addAll(other.directories);
        }
        names.putAll(durableNames);
    }

    /** One bit of a file goes over. */
    public synchronized void rot(Path file, long offset) {
        Inode inode = names.get(file);
        var wrong = new byte[] {(byte) (inode.content.at(offset) ^ 1)};
        inode.content.write(offset, wrong, 0, 1);
        inode.durable.write(offset, wrong, 0, 1);
    }

    private void before(String operation, Path path) throws DiskException {
        power.check();
        hook.before(operation, path);
    }

    private void change() {
        if (power.change()) {
            throw new PowerCut();
        }
    }

    private void change(NameChange change) {
        change();
        unsyncedNames.add(change);
        change.applyTo(names);
    }

    @Override
    public synchronized DiskFile open(Path file) throws DiskException {
        before("open", file);
        return new SimFile(file, inode("open", file));
    }

    private Inode inode(String operation, Path file) throws DiskException {
        Inode inode = names.get(file);
        if (inode == null) {
            throw new DiskException(DiskException.Kind.NOT_FOUND, operation, file, "no such file");
        }
        return inode;
    }

    @Override
    public synchronized DiskFile create(Path file) throws DiskException {
        before("create", file);
        Inode inode = names.get(file);
        if (inode == null) {
            if (usedBytes() + PAGE_BYTES > capacityBytes) {
                throw full("create", file);
            }
            inode = new Inode();
            change(new NameChange(null, file, inode));
        } else {
            change();
            inode.add(new Resized(0));
        }
        return new SimFile(file, inode);
    }

    private static DiskException full(String operation, Path file) {
        return new DiskException(DiskException.Kind.NO_SPACE, operation, file, "no space left");
    }

    @Override
    public synchronized boolean exists(Path path) {
        power.check();
        return names.containsKey(path) || directories.contains(path);
    }

    @Override
    public synchronized void rename(Path from, Path to) throws DiskException {
        before("rename", to);
        change(new NameChange(from, to, inode("rename", from)));
    }

    @Override
    public synchronized boolean delete(Path file) throws DiskException {
        before("delete", file);
        if (!names.containsKey(file)) {
            return false;
        }
        change(new NameChange(file, null, null));
        return true;
    }

    @Override
    public synchronized void makeDirectory(Path directory) throws DiskException {
        before("mkdir", directory);
        directories.add(directory);
    }

    @Override
    public synchronized boolean isDirectory(Path path) {
        return directories.contains(path);
    }

    @Override
    public synchronized List<String> list(Path directory) throws DiskException {
        before("list", directory);
        var found = new TreeSet<String>();
        names.keySet().forEach(path -> addIfIn(directory, path, found));
        directories.forEach(path -> addIfIn(directory, path, found));
        return List.copyOf(found);
    }

    private static void addIfIn(Path directory, Path path, Set<String> found) {
        if (directory.equals(path.getParent())) {
            found.add(path.getFileName().toString());
        }
    }

    @Override
    public synchronized void syncDirectory(Path directory) throws DiskException {
        before("syncdir", directory);
        change();
        var synced = new ArrayList<NameChange>();
        var kept = new ArrayList<NameChange>();
        for (NameChange change : unsyncedNames.reversed()) {
            // What was done to a name before comes with it, or else could come after it.
            boolean comes = change.touches(directory) || synced.stream().anyMatch(change::sharesNameWith);
            (comes ? synced : kept).add(change);
        }
        synced.reversed().forEach(change -> change.applyTo(durableNames));
        unsyncedNames.clear();
        unsyncedNames.addAll(kept.reversed());
    }

    @Override
    public synchronized Space space(Path path) {
        power.check();
        long total = capacityBytes == Long.MAX_VALUE ? 1L << 40 : capacityBytes;
        return new Space(total, Math.max(0, total - usedBytes()));
    }

    @Override
    public synchronized Optional<Lock> lock(Path file) throws DiskException {
        before("lock", file);
        if (!locks.add(file)) {
            return Optional.empty();
        }
        names.putIfAbsent(file, new Inode());
        durableNames.put(file, names.get(file));
        int held = generation;
        return Optional.of(() -> {
            if (held == generation) {
                locks.remove(file);
            }
        });
    }

    private final class SimFile implements DiskFile {
        private final Path path;
        private final Inode inode;
        private final int openedIn = generation;
        private boolean closed;

        SimFile(Path path, Inode inode) {
            this.path = path;
            this.inode = inode;
        }

        private void begin(String operation) throws DiskException {
            before(operation, path);
            if (closed || openedIn != generation) {
                throw new AssertionError(operation + " on the closed file " + path);
            }
        }

        @Override
        public int read(ByteBuffer into, long offset) throws DiskException {
            synchronized (SimDisk.this) {
                begin("read");
                int count = (int) Math.max(0, Math.min(into.remaining(), inode.content.length - offset));
                for (int done = 0; done < count; ) {
                    long at = offset + done;
                    int start = (int) (at % PAGE_BYTES);
                    int part = Math.min(PAGE_BYTES - start, count - done);
                    byte[] page = inode.content.pages.get(at / PAGE_BYTES);
                    into.put(page == null ? new byte[PAGE_BYTES] : page, start, part);
                    done += part;
                }
                return count;
            }
        }

        @Override
        public void write(ByteBuffer data, long offset) throws DiskException {
            synchronized (SimDisk.this) {
                begin("write");
                checkSpace("write", offset, data.remaining());
                var bytes = new byte[data.remaining()];
                data.get(data.position(), bytes);
                boolean cut = power.change();
                inode.add(new Written(offset, bytes)); // Before the cut: it may or may not have got through.
                if (cut) {
                    throw new PowerCut();
                }
            }
        }

        private void checkSpace(String operation, long offset, long length) throws DiskException {
            if (capacityBytes == Long.MAX_VALUE || length == 0) {
                return;
            }
            long fresh = 0;
            for (long page = offset / PAGE_BYTES; page <= (offset + length - 1) / PAGE_BYTES; page++) {
                fresh += inode.content.pages.containsKey(page) ? 0 : 1;
            }
            if (fresh > 0 && usedBytes() + fresh * PAGE_BYTES > capacityBytes) {
                throw full(operation, path);
            }
        }

        @Override
        public void resize(long length) throws DiskException {
            synchronized (SimDisk.this) {
                begin("resize");
                change();
                inode.add(new Resized(length));
            }
        }

        @Override
        public void reserve(long offset, long length) throws DiskException {
            synchronized (SimDisk.this) {
                begin("reserve");
                checkSpace("reserve", offset, length);
                boolean cut = power.change();
                inode.add(new Written(offset, new byte[(int) length]));
                if (cut) {
                    throw new PowerCut();
                }
            }
        }

        @Override
        public void punch(long offset, long length) throws DiskException {
            synchronized (SimDisk.this) {
                begin("punch");
                boolean cut = power.change();
                inode.add(new Punched(offset, length));
                if (cut) {
                    throw new PowerCut();
                }
            }
        }

        @Override
        public void startWriteBack() {
            power.check();
        }

        @Override
        public void sync() throws DiskException {
            synchronized (SimDisk.this) {
                try {
                    begin("sync");
                } catch (DiskException failure) {
                    inode.unsynced.clear(); // As the kernel does: readable still, never written, and not told again.
                    throw failure;
                }
                change();
                inode.sync();
            }
        }

        @Override
        public long length() throws DiskException {
            synchronized (SimDisk.this) {
                begin("length");
                return inode.content.length;
            }
        }

        @Override
        public void close() {
            closed = true;
        }
    }
}
