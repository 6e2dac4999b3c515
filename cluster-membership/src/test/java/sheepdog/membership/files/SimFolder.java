package sheepdog.membership.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/**
 * A folder in memory whose space ends when it is told to, and whose power fails when it is told to. A power loss keeps of
 * what was not synced what chance wants: of a file sector by sector, of the names the first so many changes.
 *
 * <p>Space is counted in blocks of 4 KiB. Writes over what is there need none, nor do names.
 */
public final class SimFolder implements Folder {
    private static final int BLOCK = 4096;
    private static final int SECTOR = 512;

    private final RandomGenerator random;
    private TreeMap<String, Inode> names = new TreeMap<>();
    private TreeMap<String, Inode> synced = new TreeMap<>();
    private final List<TreeMap<String, Inode>> unsynced = new ArrayList<>();
    private long freeBlocks;
    private long changes;
    private long powerLossAt = Long.MAX_VALUE;
    private long fullFrom = Long.MAX_VALUE;
    private boolean without;

    /** The machine is off. */
    public static final class PowerLoss extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private static final class Inode {
        private byte[] content = new byte[0];
        private byte[] durable = new byte[0];
    }

    public SimFolder(RandomGenerator random, long freeBytes) {
        this.random = random;
        freeBlocks = freeBytes / BLOCK;
    }

    /** So many changes were asked for until now. */
    public long changes() {
        return changes;
    }

    /** The power fails in the middle of the change of that number. */
    public void losePowerAt(long change) {
        powerLossAt = change;
    }

    /** Others take all space just before the change of that number, and what is given back, at once. */
    public void fillAt(long change) {
        fullFrom = change;
    }

    /** There is this much space from now on. */
    public void free(long bytes) {
        fullFrom = Long.MAX_VALUE;
        freeBlocks = bytes / BLOCK;
    }

    /** What is there when the power is back. */
    public void restart() {
        if (without) {
            int survive = random.nextInt(unsynced.size() + 1);
            names = new TreeMap<>(survive == 0 ? synced : unsynced.get(survive - 1));
            names.values().forEach(this::tear);
        }
        for (Inode inode : names.values()) {
            inode.durable = inode.content.clone();
        }
        synced = new TreeMap<>(names);
        unsynced.clear();
        without = false;
        powerLossAt = Long.MAX_VALUE;
    }

    private void tear(Inode inode) {
        boolean longer = random.nextBoolean();
        byte[] torn = Arrays.copyOf(longer ? inode.content : inode.durable, inode.content.length);
        for (int at = 0; at < torn.length; at += SECTOR) {
            byte[] from = random.nextBoolean() ? inode.content : inode.durable;
            int end = Math.min(torn.length, at + SECTOR);
            for (int i = at; i < end; i++) {
                torn[i] = i < from.length ? from[i] : 0;
            }
        }
        inode.content = longer ? torn : Arrays.copyOf(torn, inode.durable.length);
    }

    private void change() {
        if (without) {
            throw new PowerLoss();
        }
        changes++;
        if (changes >= powerLossAt) {
            without = true;
            throw new PowerLoss();
        }
    }

    private boolean full() {
        return changes >= fullFrom;
    }

    private static long blocks(long length) {
        return (length + BLOCK - 1) / BLOCK;
    }

    private void take(long blocks, String what) throws NoSpaceException {
        if (blocks > 0 && (full() || blocks > freeBlocks)) {
            throw new NoSpaceException(what + ": full");
        }
        freeBlocks -= blocks;
    }

    private void renamed() {
        unsynced.add(new TreeMap<>(names));
    }

    private void drop(Inode inode) {
        if (inode != null && !names.containsValue(inode)) {
            freeBlocks += blocks(inode.content.length);
        }
    }

    @Override
    public String path() {
        return "/sim";
    }

    @Override
    public List<String> names() {
        return List.copyOf(names.keySet());
    }

    @Override
    public boolean exists(String name) {
        return names.containsKey(name);
    }

    @Override
    public byte[] read(String name) throws IOException {
        return inode(name).content.clone();
    }

    private Inode inode(String name) throws IOException {
        Inode inode = names.get(name);
        if (inode == null) {
            throw new IOException("no file " + name);
        }
        return inode;
    }

    @Override
    public OpenFile open(String name) throws IOException {
        return new Open(name, inode(name));
    }

    @Override
    public OpenFile create(String name) {
        change();
        var inode = new Inode();
        drop(names.put(name, inode));
        renamed();
        return new Open(name, inode);
    }

    @Override
    public void rename(String from, String to) throws IOException {
        change();
        Inode inode = inode(from);
        names.remove(from);
        drop(names.put(to, inode));
        renamed();
    }

    @Override
    public void delete(String name) {
        change();
        drop(names.remove(name));
        renamed();
    }

    @Override
    public void sync() {
        change();
        synced = new TreeMap<>(names);
        unsynced.clear();
    }

    @Override
    public long freeBytes() {
        return full() ? 0 : freeBlocks * BLOCK;
    }

    /** Bytes that all files take. */
    public long usedBytes() {
        return new HashSet<>(names.values())
                .stream().mapToLong(i -> blocks(i.content.length) * BLOCK).sum();
    }

    private final class Open implements OpenFile {
        private final String name;
        private final Inode inode;

        Open(String name, Inode inode) {
            this.name = name;
            this.inode = inode;
        }

        @Override
        public long length() {
            return inode.content.length;
        }

        /** As much as there is space for, as the real ones do. */
        @Override
        public void write(ByteBuffer bytes, long offset) throws IOException {
            boolean cut = changes + 1 >= powerLossAt;
            int length = cut ? random.nextInt(bytes.remaining() + 1) : bytes.remaining();
            if (!cut) {
                change();
            }
            int to = Math.toIntExact(offset) + length;
            if (offset > inode.content.length) {
                throw new AssertionError("a hole in " + name);
            }
            long room = blocks(inode.content.length) * BLOCK;
            if (to > room) {
                try {
                    take(blocks(to) - blocks(inode.content.length), name);
                } catch (NoSpaceException full) {
                    put(bytes, Math.toIntExact(offset), (int) Math.max(0, Math.min(room, to) - offset));
                    throw full;
                }
            }
            put(bytes, Math.toIntExact(offset), length);
            if (cut) {
                change();
            }
        }

        private void put(ByteBuffer bytes, int offset, int length) {
            int end = offset + length;
            byte[] now = Arrays.copyOf(inode.content, Math.max(end, inode.content.length));
            bytes.get(now, offset, length);
            inode.content = now;
        }

        @Override
        public void shorten(long length) {
            change();
            if (length < inode.content.length) {
                freeBlocks += blocks(inode.content.length) - blocks(length);
                inode.content = Arrays.copyOf(inode.content, Math.toIntExact(length));
            }
        }

        @Override
        public void sync() {
            change();
            inode.durable = inode.content.clone();
        }

        @Override
        public void close() {}
    }
}
