package sheepdog.sheep.cluster;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.VdiName;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.vdi.VdiLookup;
import sheepdog.protocol.vdi.VidProbe;
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
        return switch (search(name, tag, snapId)) {
            case VdiLookup.Result.Found found -> Outcome.ok(get(found.vid()));
            case VdiLookup.Result.Missing missing -> Outcome.refused(missing.code());
        };
    }

    private VdiLookup.Result search(String name, String tag, int snapId) {
        return VdiLookup.find(new VdiName(name), new VdiName(tag), snapId, run(name), this::known);
    }

    /** The ids that a VDI of that name may have, all of them used once. */
    private VidProbe.Run run(String name) {
        return VidProbe.run(new VdiName(name), vid -> entries.containsKey(new Vid(vid)));
    }

    /** What a search sees of an id: nothing while its VDI is being made or reclaimed. */
    private Optional<VdiLookup.Entry> known(Vid vid) {
        VdiEntry entry = get(vid);
        return switch (entry.state()) {
            case LIVE ->
                Optional.of(new VdiLookup.Entry(
                        new VdiName(entry.name()), new VdiName(entry.tag()), entry.snapId(), entry.isSnapshot()));
            case GONE -> Optional.of(new VdiLookup.Entry(VdiName.EMPTY, VdiName.EMPTY, entry.snapId(), false));
            case RESERVED, DELETED -> Optional.empty();
        };
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
     * Where a new VDI of that name goes. An id whose VDI is gone may be used again, but for snapshots, where ids grow
     * with the snapshots.
     */
    Slot slotFor(String name, boolean snapshot) {
        Optional<Vid> behind = run(name).free();
        return switch (search(name, "", 0)) {
            case VdiLookup.Result.Found found -> new Slot(behind.orElse(Vid.NONE), found.snapId());
            case VdiLookup.Result.Missing missing -> {
                Optional<Vid> vid = snapshot ? behind : missing.reusable().or(() -> behind);
                yield new Slot(vid.orElse(Vid.NONE), missing.nextSnapId() - 1);
            }
        };
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
            out.writeInt(e.born().number());
            out.writeBoolean(e.reused());
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
                    new Epoch(in.readInt()),
                    in.readBoolean(),
                    State.values()[in.readByte()],
                    new Vid(in.readInt()),
                    in.readLong(),
                    in.readLong()));
        }
    }
}
