package sheepdog.sheep.cluster;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.sheep.cluster.VdiEntry.State;

/** Every VDI since the last format, by id. Deterministic part of {@link ClusterState}. */
public final class VdiTable {
    private final SortedMap<Vid, VdiEntry> entries = new TreeMap<>();

    public Optional<VdiEntry> find(Vid vid) {
        return Optional.ofNullable(entries.get(vid));
    }

    /** In ascending order of ids; a live view. */
    public Collection<VdiEntry> all() {
        return entries.values();
    }

    /** The VDIs that may share objects with {@code entry}, itself included, those gone left out. */
    public List<VdiEntry> family(VdiEntry entry) {
        return entries.values().stream()
                .filter(e -> e.family() == entry.family() && e.state() != State.GONE)
                .toList();
    }

    /**
     * The VDI a client means.
     *
     * @param tag    a snapshot's tag, empty if none is asked for
     * @param snapId a snapshot's id, 0 if none is asked for; without both the working VDI is meant
     * @return NO_TAG where the name exists but no such snapshot, NO_VDI where the name has no VDI
     */
    public Outcome<VdiEntry> lookup(String name, String tag, int snapId) {
        boolean snapshotWanted = !tag.isEmpty() || snapId != 0;
        var named = entries.values().stream()
                .filter(e -> e.isLive() && e.name().equals(name))
                .toList();
        var found = named.stream()
                .filter(e -> snapshotWanted
                        ? e.isSnapshot() && (!tag.isEmpty() && e.tag().equals(tag) || e.snapId() == snapId)
                        : !e.isSnapshot())
                .max(Comparator.comparingInt(VdiEntry::snapId));
        if (found.isPresent()) {
            return Outcome.ok(found.get());
        }
        boolean working = named.stream().anyMatch(e -> !e.isSnapshot());
        return Outcome.refused(snapshotWanted && working ? ResultCode.NO_TAG : ResultCode.NO_VDI);
    }

    /**
     * The bitmap of READ_VDIS, 2 MiB: a bit for every id ever used. Those being made are among them: clients walk from
     * a name's first id up to the first clear bit, so there must be no gap.
     */
    public byte[] bitmap() {
        byte[] bits = new byte[Vid.COUNT / 8];
        for (VdiEntry entry : entries.values()) {
            bits[entry.vid().value() / 8] |= (byte) (1 << entry.vid().value() % 8);
        }
        return bits;
    }

    boolean isEmpty() {
        return entries.isEmpty();
    }

    void clear() {
        entries.clear();
    }

    void put(VdiEntry entry) {
        entries.put(entry.vid(), entry);
    }

    VdiEntry get(Vid vid) {
        VdiEntry entry = entries.get(vid);
        Invariant.check(entry != null, "no vdi %s", vid);
        return entry;
    }

    /**
     * Where a new VDI of that name goes: the ids from the name's hash up to the first unused one are searched downwards.
     * Ids whose VDI is gone may be used again, but for snapshots, where ids grow with the snapshots.
     *
     * @param preferred the name's hash
     */
    Slot slotFor(String name, Vid preferred, boolean snapshot) {
        Vid left = preferred.value() == 0 ? new Vid(1) : preferred;
        Vid right = left;
        int length = 0;
        while (entries.containsKey(right)) {
            right = right.next().value() == 0 ? new Vid(1) : right.next();
            if (++length == Vid.COUNT - 1) {
                return new Slot(Vid.NONE, 0);
            }
        }
        Vid free = right;
        Vid at = right;
        for (int i = 0; i < length; i++) {
            at = new Vid(at.value() == 1 ? Vid.COUNT - 1 : at.value() - 1);
            VdiEntry entry = entries.get(at);
            if (entry.state() == State.GONE) {
                if (!snapshot) {
                    free = at;
                }
            } else if (entry.state() == State.LIVE && entry.name().equals(name)) {
                break;
            }
        }
        return new Slot(free, lastSnapId(name));
    }

    private int lastSnapId(String name) {
        return entries.values().stream()
                .filter(e -> e.state() == State.LIVE && e.name().equals(name))
                .mapToInt(VdiEntry::snapId)
                .max()
                .orElse(0);
    }

    /**
     * @param vid        NONE if every id is in use
     * @param lastSnapId highest snapshot id of the name, 0 if it has none
     */
    record Slot(Vid vid, int lastSnapId) {}

    void write(DataOutputStream out) throws IOException {
        out.writeInt(entries.size());
        for (VdiEntry e : entries.values()) {
            out.writeInt(e.vid().value());
            CommandCodec.writeString(out, e.name());
            CommandCodec.writeString(out, e.tag());
            out.writeInt(e.snapId());
            out.writeInt(e.parent().value());
            out.writeInt(e.copies());
            out.writeLong(e.createTime());
            out.writeLong(e.snapCtime());
            out.writeLong(e.family());
            out.writeByte(e.state().ordinal());
            out.writeInt(e.replaces().value());
            out.writeLong(e.maker());
            out.writeLong(e.incarnation());
        }
    }

    void read(DataInputStream in) throws IOException {
        entries.clear();
        for (int left = in.readInt(); left > 0; left--) {
            put(new VdiEntry(
                    new Vid(in.readInt()),
                    CommandCodec.readString(in),
                    CommandCodec.readString(in),
                    in.readInt(),
                    new Vid(in.readInt()),
                    in.readInt(),
                    in.readLong(),
                    in.readLong(),
                    in.readLong(),
                    State.values()[in.readByte()],
                    new Vid(in.readInt()),
                    in.readLong(),
                    in.readLong()));
        }
    }

    /** The id a name prefers: 24 bits of the FNV-1a hash of its bytes. */
    static Vid preferred(String name) {
        long hash = 0xcbf29ce484222325L;
        for (byte b : name.getBytes(StandardCharsets.ISO_8859_1)) {
            hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
        }
        return new Vid((int) hash & (Vid.COUNT - 1));
    }
}
