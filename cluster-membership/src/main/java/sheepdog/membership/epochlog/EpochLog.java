package sheepdog.membership.epochlog;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import sheepdog.membership.files.Folder;
import sheepdog.membership.files.NoSpaceException;
import sheepdog.membership.files.RealFolder;
import sheepdog.membership.files.Reserve;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.wire.NodeCodec;

/**
 * Epochs and the format in files of the original's layout, in the store directory:
 *
 * <pre>
 *   config           see {@link ClusterConfig}
 *   epoch/00000001   nodes of 56 bytes each, then the epoch's time as i64, seconds since 1970
 *   epoch/.format    ours: at which entry of the cluster's log the format was recorded here
 *   epoch/.spare-00  and so on, .spare-00: ours, space kept for the files above
 * </pre>
 *
 * <p>Every file appears whole or not at all: it is written beside its place, synced, renamed, and the directory synced.
 * A file that is no epoch's is left alone and not read. Blocking; one caller at a time.
 *
 * <p>When others have filled the file system, files are written in the space that is kept for {@link #EPOCHS_KEPT} epochs and
 * one format. When that is used up, {@link NoSpaceException} says so; nothing is changed then, and later it may go.
 */
public final class EpochLog {
    private static final Pattern EPOCH_NAME = Pattern.compile("[0-9]{8}");
    private static final Pattern UNFINISHED = Pattern.compile("([0-9]{8}|\\.format)\\.tmp");
    private static final Pattern FORMAT_MARK = Pattern.compile("sheepdog format 1\nindex ([0-9]{1,18})\n");
    private static final String CONFIG = "config";
    private static final String FORMAT = ".format";
    private static final FileAttribute<?> DIRECTORY_MODE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxrwx---"));

    /** So many changes of members find their space on a full file system. */
    static final int EPOCHS_KEPT = 32;
    /** A file's smallest piece of space; as many nodes as fit into it: 73. */
    private static final int BLOCK_BYTES = 4096;

    private final Folder base;
    private final Folder epochs;
    private final Reserve forConfig;
    private final Reserve forEpochs;
    private Optional<ClusterConfig> config;
    private long formattedAt;
    private Optional<Epoch> newest = Optional.empty();

    private EpochLog(Folder base, Folder epochs) {
        this.base = base;
        this.epochs = epochs;
        forConfig = new Reserve(base, ".spare", 1, BLOCK_BYTES);
        forEpochs = new Reserve(epochs, ".spare", EPOCHS_KEPT, BLOCK_BYTES);
    }

    /** What was recorded of one epoch. */
    public record Recorded(Epoch epoch, long timeSeconds, List<Node> nodes) {}

    /**
     * Looks whether a store directory, that need not exist, is of the layout known here. Changes nothing, and needs no
     * lock.
     *
     * @throws VersionException if {@code config} is of another version
     * @throws LayoutException  if it is damaged
     */
    public static void check(Path base) throws IOException {
        Path file = base.resolve(CONFIG);
        if (Files.exists(file)) {
            config(file.toString(), Files.readAllBytes(file));
        }
    }

    /**
     * Opens the epochs of a store directory that exists; makes {@code epoch/} where it is missing.
     *
     * @throws LayoutException  if {@code config} is of another version or damaged; says so in one line
     * @throws NoSpaceException at the first start, if there is not even the space that is to be kept
     */
    public static EpochLog open(Path base) throws IOException {
        Path epochs = base.resolve("epoch");
        Folder folder = RealFolder.ofGroup(base);
        if (!Files.isDirectory(epochs)) {
            Files.createDirectory(epochs, DIRECTORY_MODE);
            folder.sync();
        }
        return open(folder, RealFolder.ofGroup(epochs));
    }

    static EpochLog open(Folder base, Folder epochs) throws IOException {
        var log = new EpochLog(base, epochs);
        log.read();
        return log;
    }

    private void read() throws IOException {
        config = base.exists(CONFIG)
                ? Optional.of(config(base.path() + "/" + CONFIG, base.read(CONFIG)))
                : Optional.empty();
        formattedAt = epochs.exists(FORMAT) ? mark(epochs.read(FORMAT)) : 0;
        newest = files().keySet().stream()
                .map(number -> new Epoch(number.intValue()))
                .max(Epoch::compareTo);
        base.delete(CONFIG + ".tmp");
        forConfig.check();
        forEpochs.check();
        for (String name : epochs.names()) {
            if (UNFINISHED.matcher(name).matches()) {
                forEpochs.give(name);
            }
        }
        if (config.isEmpty()) {
            forConfig.fill();
            forEpochs.fill();
        } else {
            keepSpace();
        }
    }

    private void keepSpace() throws IOException {
        forConfig.fillIfThereIsRoom();
        forEpochs.fillIfThereIsRoom();
    }

    private static ClusterConfig config(String file, byte[] bytes) throws LayoutException {
        if (bytes.length != ClusterConfig.BYTES) {
            throw new LayoutException(
                    file + " is damaged: " + bytes.length + " bytes instead of " + ClusterConfig.BYTES);
        }
        int version = ClusterConfig.version(bytes);
        if (version != ClusterConfig.VERSION) {
            throw new VersionException(version);
        }
        return ClusterConfig.decode(bytes);
    }

    private long mark(byte[] bytes) throws LayoutException {
        var mark = FORMAT_MARK.matcher(new String(bytes, StandardCharsets.US_ASCII));
        if (!mark.matches()) {
            throw new LayoutException(epochs.path() + "/" + FORMAT + " is damaged");
        }
        return Long.parseLong(mark.group(1));
    }

    /** The format and this node's space; empty before the first start has recorded them. */
    public Optional<ClusterConfig> config() {
        return config;
    }

    /** Index of the log entry of the last format recorded here, 0 if there was none. */
    public long formattedAt() {
        return formattedAt;
    }

    /** The newest epoch recorded here since the last format; empty if there is none. */
    public Optional<Epoch> newest() {
        return newest;
    }

    /** Replaces {@code config}; durable when it returns. */
    public void record(ClusterConfig next) throws IOException {
        replace(base, forConfig, CONFIG, next.encode());
        config = Optional.of(next);
        keepSpace();
    }

    /**
     * Forgets every epoch and records a format; durable when it returns. Cut short, it is as if it had not begun: its
     * mark comes last.
     *
     * @param index of the entry of the cluster's log
     */
    public void formatted(ClusterConfig next, long index) throws IOException {
        for (String name : files().values()) {
            forEpochs.give(name);
        }
        epochs.sync();
        newest = Optional.empty();
        record(next);
        byte[] mark = ("sheepdog format 1\nindex " + index + "\n").getBytes(StandardCharsets.US_ASCII);
        replace(epochs, forEpochs, FORMAT, mark);
        formattedAt = index;
        keepSpace();
    }

    /** Records an epoch; durable when it returns. One that is there already with the same content is left alone. */
    public void record(Epoch epoch, long timeSeconds, List<Node> nodes) throws IOException {
        ByteBuffer list = NodeCodec.encode(nodes).bytes();
        ByteBuffer bytes = ByteBuffer.allocate(list.remaining() + Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(list).putLong(timeSeconds);
        String name = String.format("%08d", Integer.toUnsignedLong(epoch.number()));
        boolean there = epochs.exists(name) && Arrays.equals(epochs.read(name), bytes.array());
        if (!there) {
            replace(epochs, forEpochs, name, bytes.array());
        }
        if (newest.isEmpty() || newest.get().isBefore(epoch)) {
            newest = Optional.of(epoch);
        }
        forEpochs.resize((bytes.capacity() + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES);
        keepSpace();
    }

    /** Every epoch recorded, in order; files of a wrong length are passed over. */
    public List<Recorded> all() throws IOException {
        var found = new ArrayList<Recorded>();
        for (var entry : files().entrySet()) {
            byte[] bytes = epochs.read(entry.getValue());
            int nodeBytes = bytes.length - Long.BYTES;
            if (nodeBytes > 0 && nodeBytes % NodeCodec.BYTES == 0) {
                ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
                found.add(new Recorded(
                        new Epoch(entry.getKey().intValue()),
                        in.getLong(nodeBytes),
                        NodeCodec.readAll(in.limit(nodeBytes))));
            }
        }
        return found;
    }

    private TreeMap<Long, String> files() throws IOException {
        var byNumber = new TreeMap<Long, String>();
        epochs.names().stream()
                .filter(name -> EPOCH_NAME.matcher(name).matches())
                .forEach(name -> byNumber.put(Long.parseLong(name), name));
        return byNumber;
    }

    /** In new space while there is some, else in the space that is kept. */
    private static void replace(Folder folder, Reserve kept, String name, byte[] bytes) throws IOException {
        String temporary = name + ".tmp";
        try (var file = folder.create(temporary)) {
            fill(file, bytes);
        } catch (NoSpaceException full) {
            folder.delete(temporary);
            replaceInKept(folder, kept, temporary, bytes, full);
        }
        folder.rename(temporary, name);
        folder.sync();
    }

    private static void replaceInKept(
            Folder folder, Reserve kept, String temporary, byte[] bytes, NoSpaceException full) throws IOException {
        if (kept.take(temporary).isEmpty()) {
            throw full;
        }
        try (var file = folder.open(temporary)) {
            fill(file, bytes);
        } catch (NoSpaceException tooSmall) {
            kept.give(temporary);
            throw tooSmall;
        }
    }

    private static void fill(Folder.OpenFile file, byte[] bytes) throws IOException {
        file.write(ByteBuffer.wrap(bytes), 0);
        file.shorten(bytes.length);
        file.sync();
    }

    /** What is on disk is not what this program can use; the message is for the operator. */
    public static sealed class LayoutException extends IOException {
        private static final long serialVersionUID = 1L;

        private LayoutException(String message) {
            super(message);
        }
    }

    /** The store directory's layout has another version than {@link ClusterConfig#VERSION}. */
    public static final class VersionException extends LayoutException {
        private static final long serialVersionUID = 1L;
        private final int version;

        private VersionException(int version) {
            super("This sheep version is not compatible with the existing data layout, " + version);
            this.version = version;
        }

        /** The version that is there. */
        public int version() {
            return version;
        }
    }
}
