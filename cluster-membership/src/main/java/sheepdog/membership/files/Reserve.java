package sheepdog.membership.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;

/**
 * Files of zeros that hold space for others in the same folder: {@code NAME-00}, {@code NAME-01}, and so on. Blocking;
 * one caller at a time.
 *
 * <p>Others that fill the file system cannot have that space, not for a moment: a kept file is not deleted to make room, it
 * is renamed and written over, and what is done with comes back the same way. They are not synced: their space is theirs
 * when they are written. One that a power loss took, or left with something in it, is made again or cleared by {@link #check}.
 */
public final class Reserve {
    private static final int ZEROS_BYTES = 64 << 10;

    private final Folder folder;
    private final String name;
    private final int count;
    private final long[] lengths;
    private long bytes;

    /**
     * Nothing is looked at or made before {@link #check}.
     *
     * @param count how many files, at most 100
     * @param bytes length of each
     */
    public Reserve(Folder folder, String name, int count, long bytes) {
        this.folder = folder;
        this.name = name;
        this.count = count;
        this.bytes = bytes;
        lengths = new long[count];
    }

    private String name(int i) {
        return "%s-%02d".formatted(name, i);
    }

    /** Whether it has files of that name. */
    public boolean owns(String file) {
        return file.startsWith(name + "-");
    }

    /** Finds out what is there, and clears what is not all zeros. First of all. */
    public void check() throws IOException {
        var there = folder.names();
        for (int i = 0; i < count; i++) {
            lengths[i] = 0;
            if (there.contains(name(i))) {
                byte[] content = folder.read(name(i));
                lengths[i] = content.length;
                clear(name(i), usedBytes(content));
            }
        }
    }

    private static int usedBytes(byte[] content) {
        int used = content.length;
        while (used > 0 && content[used - 1] == 0) {
            used--;
        }
        return used;
    }

    private void clear(String file, long used) throws IOException {
        if (used > 0) {
            try (var open = folder.open(file)) {
                zeros(open, 0, Math.min(used, open.length()));
            }
        }
    }

    /** From now on each is to be of at least this length. */
    public void resize(long to) {
        bytes = Math.max(bytes, to);
    }

    /** What it should hold and does not. */
    public long missingBytes() {
        return Arrays.stream(lengths).map(length -> Math.max(0, bytes - length)).sum();
    }

    /**
     * Makes what is missing.
     *
     * @throws NoSpaceException if there is not so much; what there is is kept
     */
    public void fill() throws IOException {
        for (int i = 0; i < count; i++) {
            if (lengths[i] < bytes) {
                fill(i);
            }
        }
    }

    private void fill(int i) throws IOException {
        try (var file = lengths[i] == 0 ? folder.create(name(i)) : folder.open(name(i))) {
            try {
                lengths[i] = file.length();
                zeros(file, lengths[i], bytes);
                lengths[i] = bytes;
            } catch (NoSpaceException full) {
                file.shorten(lengths[i]); // The last bytes of the file system are for others.
                throw full;
            }
        }
    }

    /** {@link #fill}, if there is twice the room. */
    public void fillIfThereIsRoom() throws IOException {
        long missing = missingBytes();
        if (missing > 0 && folder.freeBytes() >= 2 * missing) {
            try {
                fill();
            } catch (NoSpaceException _) {
                // Others were faster, or may have more than this user.
            }
        }
    }

    /**
     * Gives one away, the longest: from now on it is named {@code to}, in place of a file of that name.
     *
     * @return its length; empty if none is left
     */
    public Optional<Long> take(String to) throws IOException {
        int longest = 0;
        for (int i = 1; i < count; i++) {
            longest = lengths[i] > lengths[longest] ? i : longest;
        }
        long length = lengths[longest];
        if (length == 0) {
            return Optional.empty();
        }
        folder.rename(name(longest), to);
        lengths[longest] = 0;
        return Optional.of(length);
    }

    /** Takes a file whose content is not needed any more, with its space; deletes it if it is not wanted. */
    public void give(String file) throws IOException {
        for (int i = 0; i < count; i++) {
            if (lengths[i] == 0) {
                give(file, i);
                return;
            }
        }
        folder.delete(file);
    }

    private void give(String file, int i) throws IOException {
        byte[] content = folder.read(file);
        try {
            clear(file, usedBytes(content));
            folder.rename(file, name(i));
            lengths[i] = content.length;
        } catch (NoSpaceException _) {
            folder.delete(file); // Zeros need new space on this file system: it keeps none.
        }
    }

    /** Writes zeros from {@code from} to {@code to}; {@code from} is not beyond the end. */
    public static void zeros(Folder.OpenFile file, long from, long to) throws IOException {
        for (long at = from; at < to; at += ZEROS_BYTES) {
            file.write(ByteBuffer.allocate((int) Math.min(ZEROS_BYTES, to - at)), at);
        }
    }
}
