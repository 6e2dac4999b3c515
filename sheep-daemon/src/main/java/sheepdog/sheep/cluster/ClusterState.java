package sheepdog.sheep.cluster;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import sheepdog.membership.api.EpochRecord;
import sheepdog.membership.api.Member;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.Protocol;
import sheepdog.sheep.cluster.VdiEntry.State;

/**
 * The state that the committed log builds, the same on every node at the same position: what the cluster was formatted
 * as, its epochs, its VDIs and who may write them.
 *
 * <p>Deterministic and passive: no clock, no chance, no disk, no thread of its own. Loop-owned.
 */
public final class ClusterState {
    private static final int VERSION = 6;
    private static final int BEFORE_GONE = 5;
    private static final int BEFORE_DRAINS = 3;
    private static final int BEFORE_LOST_OBJECTS = 4;

    private ClusterFormat format = ClusterFormat.NONE;
    private final List<EpochRecord> epochs = new ArrayList<>();
    private final VdiTable vdis = new VdiTable();
    private final TreeMap<Vid, Owner> owners = new TreeMap<>();
    private final RecoveredStores recovered = new RecoveredStores();
    private final Drains drains = new Drains();
    private final LostObjects lost = new LostObjects();
    private boolean recoveryEnabled = true;
    /** With the first epoch without them. */
    private final TreeMap<Long, Epoch> gone = new TreeMap<>();

    private int copiesMax;
    private int evidenceChanges;

    public ClusterFormat format() {
        return format;
    }

    /** From the first of this format to the current one. */
    public List<EpochRecord> epochs() {
        return List.copyOf(epochs);
    }

    /** The last {@code countMax} of them, the newest first. */
    List<EpochRecord> newestEpochs(int countMax) {
        return List.copyOf(epochs.subList(Math.max(0, epochs.size() - countMax), epochs.size())
                .reversed());
    }

    /** Empty if there was none of that number since the format. */
    public Optional<EpochRecord> epoch(Epoch number) {
        int at =
                Collections.binarySearch(epochs.stream().map(EpochRecord::epoch).toList(), number);
        return at < 0 ? Optional.empty() : Optional.of(epochs.get(at));
    }

    /** Where those stores were in that epoch. */
    public List<NodeId> nodes(ReplicaSet set) {
        return epoch(set.epoch()).stream()
                .flatMap(record -> set.stores().stream().flatMap(store -> record.store(store).stream()))
                .map(member -> member.node().id())
                .sorted()
                .toList();
    }

    /** Empty before the first format. */
    public Optional<EpochRecord> current() {
        return epochs.isEmpty() ? Optional.empty() : Optional.of(epochs.getLast());
    }

    public Epoch epoch() {
        return current().map(EpochRecord::epoch).orElse(Epoch.NONE);
    }

    public VdiTable vdis() {
        return vdis;
    }

    public Owner owner(Vid vid) {
        return owners.getOrDefault(vid, Owner.NOBODY);
    }

    /** Every VDI that has, or had, an owner; a copy. */
    public List<Vid> ownedVids() {
        return List.copyOf(owners.keySet());
    }

    /** The largest number of copies that any VDI was made with since the format. */
    public int copiesMax() {
        return Math.max(copiesMax, format.copies());
    }

    /** The least number of copies of any object; the cluster's default counts too. */
    public int copiesMin() {
        int least = vdis.all().stream()
                .filter(e -> e.state() != State.GONE)
                .mapToInt(VdiEntry::copies)
                .min()
                .orElse(format.copies());
        return Math.min(least, format.copies());
    }

    /** How many copies objects of {@code vid} have; the cluster's default for one that is not known. */
    public int copies(Vid vid) {
        return vdis.find(vid).map(VdiEntry::copies).orElse(format.copies());
    }

    /**
     * Whether the store had, in that epoch, the newest of all objects of {@code copies} copies that it was a replica of,
     * and what it lacked of them did not exist.
     */
    public boolean recovered(long storeId, Epoch epoch, int copies) {
        return recovered.hadAll(storeId, epoch, copies);
    }

    /**
     * The newest epoch in which that held of all its members: what was before it, no matter where, matters no more for
     * objects of {@code copies} copies. The first epoch if there is no later one.
     */
    public Epoch whole(int copies) {
        return recovered.whole(copies);
    }

    /**
     * The epoch in which {@code vid} was given to its VDI, if nothing that the cluster had before says more of its objects:
     * none of them existed then, and what is older is an earlier VDI's.
     */
    public Optional<Epoch> bornAfterAll(Vid vid) {
        return vdis.find(vid)
                .filter(e -> {
                    Epoch whole = whole(e.copies());
                    return whole.isBefore(e.born()) || e.reused() && whole.equals(e.born());
                })
                .map(VdiEntry::born);
    }

    /** Whether stores bring by themselves what no client asks for. */
    public boolean isRecoveryEnabled() {
        return recoveryEnabled;
    }

    /** The last epoch in which {@code oid} was declared lost, if that still matters. */
    public Optional<Epoch> declaredLost(ObjectId oid) {
        return lost.find(oid);
    }

    /**
     * Changes whenever something does that may decide whose copy of an object counts: epochs, who has recovered, what was
     * declared lost, which VDI has an id. Other entries, the rights to write above all, do not matter for that.
     */
    public int evidenceChanges() {
        return evidenceChanges;
    }

    /** Grows whenever objects are declared lost. */
    public int lostChanges() {
        return lost.changes();
    }

    /**
     * The least number of copies, not below {@code copies}, from which on the current members' lists name every object;
     * empty if stores are absent that alone may have some of any kind.
     */
    public Optional<Integer> listedFrom(int copies) {
        if (epochs.isEmpty()) {
            return Optional.empty();
        }
        return IntStream.rangeClosed(Math.max(1, copies), Protocol.COPIES_MAX)
                .filter(n -> recovered.listsAreWhole(epochs, n, gone.keySet()))
                .boxed()
                .findFirst();
    }

    /** Stores that never come back, by an operator's word: nobody waits for what they have. */
    public Set<Long> gone() {
        return Set.copyOf(gone.keySet());
    }

    Map<Long, Epoch> goneSince() {
        return Map.copyOf(gone);
    }

    /**
     * The state of the cluster that goes on by force.
     *
     * @param ctime names the new instance
     * @param first its first epoch
     * @param there stores of which that is known that they are not gone
     */
    byte[] forced(long ctime, EpochRecord first, Set<Long> there) {
        var next = new ClusterState();
        next.restore(snapshot());
        next.format = new ClusterFormat(ctime, format.copies(), format.flags(), format.store(), format.index());
        epochs.stream()
                .flatMap(record -> record.members().stream())
                .map(Member::storeId)
                .filter(store -> !there.contains(store))
                .forEach(store -> next.gone.putIfAbsent(store, first.epoch()));
        next.epoch(first);
        return next.snapshot();
    }

    /** Stores that get no objects, members or not. */
    public Set<Long> draining() {
        return drains.all();
    }

    /**
     * Whether nobody needs anything of what {@code storeId}, one of {@link #draining}, has or had: it is a replica of nothing
     * since an epoch in which all that were had everything.
     */
    public boolean isDrained(long storeId) {
        return drains.all().contains(storeId) && Drains.isOut(storeId, epochs, whole(copiesMin()));
    }

    /** How many of the current epoch's stores have all that they should. */
    public int recoveredCount() {
        return (int) current().stream()
                .flatMap(EpochRecord::storing)
                .filter(m -> recovered(m.storeId(), epoch(), copiesMin()))
                .count();
    }

    void epoch(EpochRecord record) {
        unsettleForThoseWhoReturn(record);
        epochs.add(record);
        evidenceChanges++;
        expel((store, incarnation) ->
                record.store(store).filter(m -> m.incarnation() == incarnation).isEmpty());
    }

    /** {@code member} runs as a new process: what its predecessor was doing is void. */
    void memberStarted(Member member) {
        expel((store, incarnation) -> store == member.storeId() && incarnation != member.incarnation());
        if (!epochs.isEmpty()) {
            EpochRecord last = epochs.removeLast();
            epochs.add(new EpochRecord(
                    last.epoch(),
                    last.timeSeconds(),
                    last.members().stream()
                            .map(m -> m.sameStore(member) ? m.as(member.incarnation()) : m)
                            .toList(),
                    last.voters()));
        }
    }

    private interface Process {
        boolean test(long storeId, long incarnation);
    }

    /**
     * A VDI that was settled while a store was away is settled once more when it is back: it may have something in flight
     * that nobody else knew of, in an object whose replicas were all away. That ends the owner's right as its death would.
     */
    private void unsettleForThoseWhoReturn(EpochRecord record) {
        for (Member member : record.members()) {
            epochs.reversed().stream()
                    .filter(earlier -> earlier.store(member.storeId()).isPresent())
                    .findFirst()
                    .map(EpochRecord::epoch)
                    .filter(last -> last.isBefore(epoch()))
                    .ifPresent(last -> owners.replaceAll((_, owner) -> owner.overlooks(last) ? owner.ended() : owner));
        }
    }

    /** Ownerships and reservations of processes that are gone end here. */
    private void expel(Process gone) {
        owners.replaceAll((_, owner) ->
                owner.isHeld() && gone.test(owner.storeId(), owner.incarnation()) ? owner.ended() : owner);
        Predicate<VdiEntry> orphaned = e -> e.state() == State.RESERVED && gone.test(e.maker(), e.incarnation());
        vdis.all().stream().filter(orphaned).toList().forEach(e -> vdis.put(e.to(State.DELETED)));
    }

    CommandResult apply(long index, ClusterCommand command) {
        return switch (command) {
            case ClusterCommand.Format c -> formatted(index, c);
            case ClusterCommand.Shutdown _, ClusterCommand.Barrier _ -> CommandResult.of(ResultCode.SUCCESS);
            case ClusterCommand.ReserveVdi c -> reserve(index, c);
            case ClusterCommand.CommitVdi c -> commit(c);
            case ClusterCommand.AbortVdi c -> abort(c);
            case ClusterCommand.DeleteVdi c -> delete(c);
            case ClusterCommand.ReclaimedVdi c -> reclaimed(c);
            case ClusterCommand.TakeOwner c -> take(c);
            case ClusterCommand.ReleaseOwner c -> release(c);
            case ClusterCommand.SettledVdi c -> settled(c);
            case ClusterCommand.RecoveredStore c -> recovered(c);
            case ClusterCommand.DrainStore c -> drain(c);
            case ClusterCommand.FillStore c -> {
                drains.remove(c.storeId());
                yield CommandResult.of(ResultCode.SUCCESS);
            }
            case ClusterCommand.SetRecovery c -> enable(c);
            case ClusterCommand.LostObjects c -> lost(c);
        };
    }

    private CommandResult formatted(long index, ClusterCommand.Format c) {
        format = new ClusterFormat(c.ctime(), c.copies(), c.flags(), c.store(), index);
        evidenceChanges++;
        epochs.clear();
        vdis.clear();
        // Generations go on, so that what the last format's owners left under way is refused.
        owners.replaceAll((_, owner) -> new Owner(owner.generation() + 1, 0, 0, false, Epoch.NONE));
        recovered.clear();
        drains.clear();
        lost.clear();
        recoveryEnabled = true;
        gone.clear();
        copiesMax = c.copies();
        return CommandResult.of(ResultCode.SUCCESS);
    }

    private CommandResult reserve(long index, ClusterCommand.ReserveVdi c) {
        if (!isMember(c.storeId(), c.incarnation())) {
            // Nobody would void it: its maker is gone already.
            return CommandResult.of(ResultCode.AGAIN);
        }
        boolean beingMade = vdis.all().stream()
                .anyMatch(e -> e.state() == State.RESERVED && e.name().equals(c.name()));
        if (beingMade) {
            return CommandResult.of(ResultCode.AGAIN);
        }
        var working = vdis.lookup(c.name(), "", 0);
        Vid replaces = Vid.NONE;
        if (c.snapshot()) {
            if (!(working instanceof Outcome.Ok<VdiEntry>(var entry))) {
                return CommandResult.of(ResultCode.NO_VDI);
            }
            replaces = entry.vid();
        } else if (working instanceof Outcome.Ok<VdiEntry>(var entry)) {
            return CommandResult.of(ResultCode.VDI_EXIST, entry.vid());
        }
        long family = index;
        if (c.base().value() != 0) {
            var base = vdis.find(c.base()).filter(VdiEntry::isLive);
            // The original clones working VDIs too; their objects change in place, so such a clone would change.
            if (base.isEmpty() || !base.get().isSnapshot() && !base.get().vid().equals(replaces)) {
                return CommandResult.of(ResultCode.NO_BASE_VDI);
            }
            family = base.get().family();
        } else if (c.snapshot()) {
            return CommandResult.of(ResultCode.NO_BASE_VDI);
        }
        var slot = vdis.slotFor(c.name(), c.snapshot());
        if (slot.vid().value() == 0) {
            return CommandResult.of(ResultCode.FULL_VDI);
        }
        int copies = c.copies() == 0 ? format.copies() : c.copies();
        lost.forget(slot.vid());
        evidenceChanges++;
        vdis.put(new VdiEntry(
                slot.vid(),
                c.name(),
                "",
                slot.lastSnapId() + 1,
                c.base(),
                copies,
                c.createTime(),
                0,
                family,
                epoch(),
                vdis.find(slot.vid()).isPresent(),
                State.RESERVED,
                replaces,
                c.storeId(),
                c.incarnation()));
        return new CommandResult(ResultCode.SUCCESS, slot.vid(), replaces, slot.lastSnapId() + 1, copies);
    }

    private CommandResult commit(ClusterCommand.CommitVdi c) {
        var reserved = reservation(c.vid(), c.createTime());
        if (reserved.isEmpty()) {
            return CommandResult.of(ResultCode.AGAIN, c.vid());
        }
        VdiEntry entry = reserved.get();
        if (entry.replaces().value() != 0) {
            VdiEntry replaced = vdis.get(entry.replaces());
            if (!replaced.isWorking() || owner(replaced.vid()).generation() != c.generation()) {
                vdis.put(entry.to(State.DELETED));
                return CommandResult.of(ResultCode.AGAIN, c.vid());
            }
            vdis.put(replaced.asSnapshot(entry.createTime(), c.snapshotTag()));
        }
        vdis.put(entry.to(State.LIVE));
        copiesMax = Math.max(copiesMax, entry.copies());
        return CommandResult.of(ResultCode.SUCCESS, c.vid());
    }

    /** A format since may have taken the reservation, or given its id to another VDI. */
    private Optional<VdiEntry> reservation(Vid vid, long createTime) {
        return vdis.find(vid).filter(e -> e.state() == State.RESERVED && e.createTime() == createTime);
    }

    private CommandResult abort(ClusterCommand.AbortVdi c) {
        reservation(c.vid(), c.createTime()).ifPresent(e -> vdis.put(e.to(State.DELETED)));
        return CommandResult.of(ResultCode.SUCCESS, c.vid());
    }

    private CommandResult delete(ClusterCommand.DeleteVdi c) {
        return switch (vdis.lookup(c.name(), c.tag(), c.snapId())) {
            case Outcome.Refused<VdiEntry> refused -> CommandResult.of(refused.code());
            case Outcome.Ok<VdiEntry>(var entry) -> {
                boolean inUse = vdis.all().stream()
                        .anyMatch(e -> e.state() == State.RESERVED
                                && (e.parent().equals(entry.vid())
                                        || e.replaces().equals(entry.vid())));
                if (inUse) {
                    yield CommandResult.of(ResultCode.AGAIN);
                }
                vdis.put(entry.to(State.DELETED));
                yield CommandResult.of(ResultCode.SUCCESS, entry.vid());
            }
        };
    }

    private CommandResult reclaimed(ClusterCommand.ReclaimedVdi c) {
        vdis.find(c.vid())
                .filter(e -> e.state() == State.DELETED && e.createTime() == c.createTime())
                .ifPresent(e -> vdis.put(e.to(State.GONE)));
        return CommandResult.of(ResultCode.SUCCESS, c.vid());
    }

    private CommandResult take(ClusterCommand.TakeOwner c) {
        Owner owner = owner(c.vid());
        if (!isMember(c.storeId(), c.incarnation()) || owner.isHeld() || owner.generation() != c.generation()) {
            return CommandResult.of(ResultCode.AGAIN, c.vid());
        }
        Owner taken = owner.takenBy(c.storeId(), c.incarnation());
        owners.put(c.vid(), taken);
        return new CommandResult(ResultCode.SUCCESS, c.vid(), Vid.NONE, taken.generation(), taken.unsettled() ? 1 : 0);
    }

    private boolean isMember(long storeId, long incarnation) {
        return current()
                .flatMap(e -> e.store(storeId))
                .filter(m -> m.incarnation() == incarnation)
                .isPresent();
    }

    private CommandResult recovered(ClusterCommand.RecoveredStore c) {
        boolean member = current().flatMap(e -> e.store(c.storeId())).isPresent();
        var copies = listedFrom(c.copies());
        if (!member || !epoch().equals(c.epoch()) || copies.isEmpty()) {
            return CommandResult.of(ResultCode.AGAIN);
        }
        recovered.add(c.storeId(), current().orElseThrow(), copies.get());
        evidenceChanges++;
        lost.forgetAll(oid -> !whole(copies(oid.vid())).isBefore(lost.find(oid).orElseThrow()));
        return CommandResult.of(ResultCode.SUCCESS);
    }

    private CommandResult enable(ClusterCommand.SetRecovery c) {
        recoveryEnabled = c.enabled();
        return CommandResult.of(ResultCode.SUCCESS);
    }

    private CommandResult lost(ClusterCommand.LostObjects c) {
        if (!epoch().equals(c.epoch())) {
            return CommandResult.of(ResultCode.AGAIN);
        }
        lost.add(c.oids(), c.epoch());
        evidenceChanges++;
        return CommandResult.of(ResultCode.SUCCESS);
    }

    private CommandResult drain(ClusterCommand.DrainStore c) {
        int copies = vdis.all().stream()
                .filter(e -> e.state() != State.GONE)
                .mapToInt(VdiEntry::copies)
                .max()
                .orElse(0);
        var refusal = current()
                .flatMap(record -> drains.refuses(
                        record, c.storeId(), copies, c.fewer(), zones -> format.halts(zones, copiesMax())));
        if (refusal.isPresent()) {
            return new CommandResult(
                    ResultCode.INVALID_PARMS, Vid.NONE, Vid.NONE, refusal.get().ordinal(), 0);
        }
        drains.add(c.storeId(), current());
        return CommandResult.of(ResultCode.SUCCESS);
    }

    private CommandResult release(ClusterCommand.ReleaseOwner c) {
        Owner owner = owner(c.vid());
        if (!owner.isHeld() || owner.generation() != c.generation()) {
            return CommandResult.of(ResultCode.AGAIN, c.vid());
        }
        owners.put(c.vid(), owner.released());
        return CommandResult.of(ResultCode.SUCCESS, c.vid());
    }

    private CommandResult settled(ClusterCommand.SettledVdi c) {
        Owner owner = owner(c.vid());
        if (!owner.isHeld() || owner.generation() != c.generation()) {
            return CommandResult.of(ResultCode.AGAIN, c.vid());
        }
        owners.put(c.vid(), owner.settled(epoch()));
        return CommandResult.of(ResultCode.SUCCESS, c.vid());
    }

    byte[] snapshot() {
        var bytes = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(bytes)) {
            out.writeInt(VERSION);
            format.write(out);
            out.writeInt(epochs.size());
            for (EpochRecord e : epochs) {
                write(out, e);
            }
            vdis.write(out);
            out.writeInt(owners.size());
            for (var e : owners.entrySet()) {
                out.writeInt(e.getKey().value());
                out.writeLong(e.getValue().generation());
                out.writeLong(e.getValue().storeId());
                out.writeLong(e.getValue().incarnation());
                out.writeBoolean(e.getValue().unsettled());
                out.writeInt(e.getValue().settledIn().number());
            }
            out.writeInt(copiesMax);
            recovered.write(out);
            drains.write(out);
            lost.write(out);
            out.writeBoolean(recoveryEnabled);
            out.writeInt(gone.size());
            for (var e : gone.entrySet()) {
                out.writeLong(e.getKey());
                out.writeInt(e.getValue().number());
            }
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return bytes.toByteArray();
    }

    void restore(byte[] state) {
        evidenceChanges++;
        try (var in = new DataInputStream(new ByteArrayInputStream(state))) {
            int version = in.readInt();
            if (version < BEFORE_DRAINS || VERSION < version) {
                throw new CommandCodec.UnknownCommandException(
                        "cluster state of version " + version + ", this sheep knows " + VERSION);
            }
            format = ClusterFormat.read(in);
            epochs.clear();
            for (int left = in.readInt(); left > 0; left--) {
                epochs.add(readEpoch(in));
            }
            vdis.read(in);
            owners.clear();
            for (int left = in.readInt(); left > 0; left--) {
                owners.put(
                        new Vid(in.readInt()),
                        new Owner(
                                in.readLong(),
                                in.readLong(),
                                in.readLong(),
                                in.readBoolean(),
                                new Epoch(in.readInt())));
            }
            copiesMax = in.readInt();
            recovered.read(in);
            drains.clear();
            if (version > BEFORE_DRAINS) {
                drains.read(in);
            }
            lost.clear();
            recoveryEnabled = true;
            if (version > BEFORE_LOST_OBJECTS) {
                lost.read(in);
                recoveryEnabled = in.readBoolean();
            }
            gone.clear();
            if (version > BEFORE_GONE) {
                for (int left = in.readInt(); left > 0; left--) {
                    gone.put(in.readLong(), new Epoch(in.readInt()));
                }
            }
        } catch (IOException cut) {
            throw new CommandCodec.UnknownCommandException("damaged cluster state of " + state.length + " bytes");
        }
    }

    private static void write(DataOutputStream out, EpochRecord e) throws IOException {
        out.writeInt(e.epoch().number());
        out.writeLong(e.timeSeconds());
        out.writeInt(e.members().size());
        for (Member m : e.members()) {
            writeId(out, m.node().id());
            out.writeBoolean(m.node().io().isPresent());
            if (m.node().io().isPresent()) {
                writeId(out, m.node().io().get());
            }
            out.writeInt(m.node().vnodes());
            out.writeInt(m.node().zone());
            out.writeLong(m.node().space());
            out.writeLong(m.storeId());
            out.writeLong(m.incarnation());
        }
        out.writeInt(e.voters().size());
        for (long voter : e.voters()) {
            out.writeLong(voter);
        }
    }

    private static EpochRecord readEpoch(DataInputStream in) throws IOException {
        var epoch = new Epoch(in.readInt());
        long time = in.readLong();
        var members = new ArrayList<Member>();
        for (int left = in.readInt(); left > 0; left--) {
            NodeId id = readId(in);
            Optional<NodeId> io = in.readBoolean() ? Optional.of(readId(in)) : Optional.empty();
            var node = new Node(id, io, in.readInt(), in.readInt(), in.readLong());
            members.add(new Member(node, in.readLong(), in.readLong()));
        }
        var voters = new ArrayList<Long>();
        for (int left = in.readInt(); left > 0; left--) {
            voters.add(in.readLong());
        }
        return new EpochRecord(epoch, time, members, voters);
    }

    private static void writeId(DataOutputStream out, NodeId id) throws IOException {
        out.write(id.address());
        out.writeShort(id.port());
    }

    private static NodeId readId(DataInputStream in) throws IOException {
        byte[] address = new byte[16];
        in.readFully(address);
        return new NodeId(address, in.readUnsignedShort());
    }
}
