package sheepdog.it.sim;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.VdiName;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.Flags;
import sheepdog.protocol.wire.InodeHeader;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.main.Wiring;

/**
 * A virtual machine's disk, used as QEMU's driver uses it: the inode is read once and kept; a write into a hole makes
 * the object, then changes the inode's slot, and is done when both are acknowledged; READONLY means that the VDI became
 * a snapshot, and its name is looked up again. What is read is held against a {@link SectorModel}.
 *
 * <p>Any other refusal is a broken promise (I14: what must wait is parked, not failed), but for NO_SPACE where a story
 * {@link #bearsNoSpace expects} it: that write is given up, and may be there or not.
 *
 * <p>Two drivers may use the disk at once, each by a gateway and with an inode of its own, as multipath does
 * ({@link #takesSecondWay}): what one has made the other makes again.
 */
public final class SimGuest {
    private static final int SECTOR = SectorModel.SECTOR_BYTES;
    private static final int SECTORS_PER_OBJECT = ObjectId.DATA_BYTES / SECTOR;
    private static final Duration ASKED_AGAIN = Duration.ofMillis(100);
    private static final Duration DELETED_AFTER = Duration.ofSeconds(1);

    /** Gateways by which a disk is looked at after a crash, besides the first. */
    private static final int LOOKS = 2;

    private static final int FEW_PLACES = 32;
    private static final int MORE_PLACES = 320;

    private final SimTime time;
    private final SimClient client;
    private final VdiName name;
    private final int objects;
    private final Optional<Frozen> origin;
    private final RandomGenerator random;
    private final SectorModel model;
    private final TreeMap<Long, Integer> busy = new TreeMap<>();
    private final TreeMap<Long, Long> since = new TreeMap<>();
    private final TreeMap<Integer, Vid> slots = new TreeMap<>();
    private final Driver usual;
    private Optional<Driver> second = Optional.empty();
    /** Of drivers, too, that begin nothing any more but may still have requests under way. */
    private final List<SimClient> connections = new ArrayList<>();

    private int places = FEW_PLACES;
    private boolean hasColdObject;
    private final List<Frozen> snapshots = new ArrayList<>();
    private Vid vid = Vid.NONE;
    private long thinkNanosMax = 20_000_000;
    private boolean loading;
    private boolean stopped;
    private int depth;
    private int life;
    private int atRest;
    private int inFlight;
    private Optional<Runnable> chore = Optional.empty();
    private boolean choreRuns;
    private boolean bearsNoSpace;
    private long writes;
    private long refused;
    private long reads;
    private long longestNanos;

    /**
     * Who sends requests, and the inode's slots as that one knows them.
     */
    private record Driver(SimClient client, TreeMap<Integer, Vid> slots) {}

    /**
     * A disk of {@code objects} objects; {@link #open} comes before all else.
     *
     * @param client whose requests are all this disk's
     */
    public SimGuest(SimTime time, SimClient client, String name, int objects) {
        this(time, client, name, objects, Optional.empty(), new SectorModel(time.seed() ^ name.hashCode()));
    }

    /** A disk that is to be a clone; {@link #makeClone} comes before all else. */
    SimGuest(SimTime time, SimClient client, String name, Frozen origin) {
        this(
                time,
                client,
                name,
                origin.objects,
                Optional.of(origin),
                origin.model.branch(1 + Math.floorMod(name.hashCode(), 1_000)));
    }

    private SimGuest(
            SimTime time, SimClient client, String name, int objects, Optional<Frozen> origin, SectorModel model) {
        this.time = time;
        this.client = client;
        this.name = VdiName.of(name);
        this.objects = objects;
        this.origin = origin;
        this.model = model;
        random = time.random("guest " + name + " of " + client);
        usual = new Driver(client, slots);
    }

    /** Makes the VDI. For stories. */
    public void create(Duration limit) {
        var header = SimClient.header(Opcode.NEW_VDI, Flags.WRITE);
        long bytes = (long) objects * ObjectId.DATA_BYTES;
        Response made = client.call(new Request.NewVdi(header, name, bytes, Vid.NONE, 0, false, 0, 0, 0), limit);
        Invariant.check(made.result() == ResultCode.SUCCESS, "%s was not made: %s", name, made.result());
        time.log(client.toString(), "made " + name);
    }

    /** Looks the VDI up and reads its inode. For stories. */
    public void open(Duration limit) {
        var lock = new Request.LockVdi(SimClient.header(Opcode.LOCK_VDI, Flags.WRITE), name, VdiName.EMPTY, 0, 0);
        Response found = client.call(lock, limit);
        Invariant.check(found instanceof Response.VdiInfo, "%s was not found: %s", name, found.result());
        vid = ((Response.VdiInfo) found).vid();
        Response inode = client.call(readOf(ObjectId.ofInode(vid), 0, inodeLength()), limit);
        takeSlots(inode);
    }

    private int inodeLength() {
        return InodeHeader.BYTES + 4 * objects;
    }

    private void takeSlots(Response inode) {
        ByteBuffer bytes = whole(inode, inodeLength()).order(ByteOrder.LITTLE_ENDIAN);
        slots.clear();
        for (int i = 0; i < objects; i++) {
            int slot = bytes.getInt(InodeHeader.BYTES + 4 * i);
            if (slot != 0) {
                slots.put(i, new Vid(slot));
            }
        }
    }

    /**
     * Makes a snapshot of what the disk holds, as QEMU does between its writes; the disk goes on in a new VDI. For
     * stories, with no load.
     *
     * @return what the snapshot must hold for ever; {@link #verify(Frozen, Duration)} looks
     */
    public Frozen snapshot(String tag, Duration limit) {
        Invariant.check(inFlight == 0, "a snapshot with %d requests under way", inFlight);
        expect(client.call(tagging(tag), limit));
        Response made = client.call(goingOn(), limit);
        expect(made);
        return frozen(tag, made);
    }

    /** The first half of a snapshot. */
    private Request tagging(String tag) {
        return new Request.WriteObject(
                SimClient.header(Opcode.WRITE_OBJ, Flags.WRITE),
                ObjectId.ofInode(vid),
                VdiName.BYTES,
                Payload.of(field(VdiName.of(tag))),
                0);
    }

    /** The second half: the disk as it is becomes the snapshot, and a new one takes its place. */
    private Request goingOn() {
        long bytes = (long) objects * ObjectId.DATA_BYTES;
        return new Request.NewVdi(SimClient.header(Opcode.NEW_VDI, Flags.WRITE), name, bytes, vid, 0, true, 0, 0, 0);
    }

    private Frozen frozen(String tag, Response made) {
        var snapshot = new Frozen(vid, tag, model.copy(), new TreeMap<>(slots), objects);
        vid = ((Response.VdiInfo) made).vid();
        time.log(client.toString(), "snapshot " + tag + " of " + name + ", goes on as " + vid);
        snapshots.add(snapshot);
        return snapshot;
    }

    /** What a snapshot holds, and in which objects. */
    public record Frozen(Vid vid, String tag, SectorModel model, TreeMap<Integer, Vid> slots, int objects) {}

    /** The snapshots made so far, oldest first. */
    List<Frozen> snapshots() {
        return snapshots;
    }

    /**
     * Something that is done alone: when what is under way has ended, and before anything else begins. Only while there
     * is load; another one that has not begun yet is dropped.
     */
    private void alone(Runnable work) {
        client.loop().execute(() -> {
            if (loading && !choreRuns) {
                chore = Optional.of(work);
            }
        });
    }

    private void choreEnded() {
        choreRuns = false;
        inFlight--;
        int users = atRest;
        atRest = 0;
        for (int i = 0; i < users; i++) {
            pause();
        }
    }

    /** As {@link #snapshot}, in the middle of the load. @param then is told of it, unless this is dropped */
    void snapshotUnderLoad(String tag, Consumer<Frozen> then) {
        alone(() -> {
            client.ask(tagging(tag), answer -> {
                ResultCode result = answer.result();
                answer.release();
                if (result == ResultCode.NO_SPACE && bearsNoSpace) {
                    choreEnded();
                    return;
                }
                Invariant.check(result == ResultCode.SUCCESS, "%s was told %s on a tag", client, result);
                client.ask(goingOn(), made -> {
                    Optional<Frozen> snapshot = Optional.empty();
                    if (made.result() != ResultCode.NO_SPACE || !bearsNoSpace) {
                        expect(made);
                        snapshot = Optional.of(frozen(tag, made));
                    }
                    made.release();
                    choreEnded();
                    if (loading) {
                        snapshot.ifPresent(then);
                    }
                });
            });
        });
    }

    /** A snapshot is deleted in the middle of the load, which goes on upon what it left. Nobody looks at it any more. */
    void deleteUnderLoad(Frozen snapshot) {
        client.loop().execute(() -> {
            int now = life;
            snapshots.remove(snapshot);
            client.loop().after(random.nextBoolean() ? Duration.ZERO : DELETED_AFTER, () -> {
                if (now == life && loading) {
                    inFlight++;
                    delete(VdiName.of(snapshot.tag), () -> inFlight--);
                }
            });
        });
    }

    private void delete(VdiName tag, Runnable then) {
        client.ask(deleting(tag), answer -> {
            boolean done = answer.result() == ResultCode.SUCCESS
                    || answer.result() == ResultCode.NO_TAG; // Deleted, and asked for again since the answer was lost.
            Invariant.check(done, "%s was told %s for the deletion of %s", client, answer.result(), tag);
            answer.release();
            time.log(client.toString(), "deleted " + name + " " + tag);
            then.run();
        });
    }

    private Request deleting(VdiName tag) {
        return new Request.DeleteVdi(SimClient.internalHeader(Opcode.DEL_VDI, Flags.WRITE), name, tag, 0);
    }

    /**
     * From now on about every other request goes by another connection to another gateway, from a driver with an inode of
     * its own, which learns nothing of what this one makes from now on.
     */
    void takesSecondWay(NodeId gateway) {
        var gateways = new ArrayList<>(client.gateways());
        gateways.remove(gateway);
        gateways.addFirst(gateway);
        var other = new SimClient(client, gateways);
        connections.add(other);
        second = Optional.of(new Driver(other, new TreeMap<>(slots)));
    }

    /** No more requests by the other connection. */
    void leavesSecondWay() {
        second = Optional.empty();
    }

    private Driver either() {
        return second.filter(_ -> random.nextBoolean()).orElse(usual);
    }

    /** An object of the disk becomes zeros, in the middle of the load, and its space is given back. */
    void discardUnderLoad(int object) {
        alone(() -> {
            long first = (long) object * SECTORS_PER_OBJECT;
            if (!Optional.ofNullable(slots.get(object)).filter(vid::equals).isPresent()) {
                choreEnded();
                return;
            }
            model.discarding(first, SECTORS_PER_OBJECT);
            var header = SimClient.header(Opcode.DISCARD_OBJ, Flags.WRITE);
            client.ask(new Request.DiscardObject(header, ObjectId.ofData(vid, object)), answer -> {
                expect(answer);
                answer.release();
                slots.remove(object);
                second.ifPresent(driver -> driver.slots.remove(object));
                model.discarded(first, SECTORS_PER_OBJECT);
                choreEnded();
            });
        });
    }

    /** Makes the clone that this disk is, opens it, and begins with the load, unless it was stopped meanwhile. */
    void makeClone(int loadDepth) {
        client.loop().execute(() -> {
            inFlight++;
            var header = SimClient.header(Opcode.NEW_VDI, Flags.WRITE);
            long bytes = (long) objects * ObjectId.DATA_BYTES;
            Vid base = origin.orElseThrow().vid;
            client.ask(new Request.NewVdi(header, name, bytes, base, 0, false, 0, 0, 0), made -> {
                boolean done = made.result() == ResultCode.SUCCESS
                        || made.result()
                                == ResultCode.VDI_EXIST; // Made, and asked for again since the answer was lost.
                Invariant.check(done, "%s was told %s for a clone", client, made.result());
                made.release();
                time.log(client.toString(), "made " + name + ", a clone of " + base);
                openAgain(() -> {
                    inFlight--;
                    if (!stopped) {
                        load(loadDepth);
                    }
                });
            });
        });
    }

    private void openAgain(Runnable then) {
        var lock = new Request.LockVdi(SimClient.header(Opcode.LOCK_VDI, Flags.WRITE), name, VdiName.EMPTY, 0, 0);
        int now = life;
        client.ask(lock, found -> {
            if (found.result() == ResultCode.WAIT_FOR_FORMAT) {
                // A sheep on an empty disk, which is no member yet and says so rightly: another one is asked.
                found.release();
                var gateways = client.gateways();
                client.moveTo(gateways.get((gateways.indexOf(client.gateway()) + 1) % gateways.size()));
                client.loop().after(ASKED_AGAIN, () -> {
                    if (now == life) {
                        openAgain(then);
                    }
                });
                return;
            }
            Invariant.check(found instanceof Response.VdiInfo, "%s was not found: %s", name, found.result());
            vid = ((Response.VdiInfo) found).vid();
            found.release();
            client.ask(readOf(ObjectId.ofInode(vid), 0, inodeLength()), inode -> {
                takeSlots(inode);
                inode.release();
                then.run();
            });
        });
    }

    /**
     * The machine dies, with all that it had under way, and starts again: what it had asked may be done or not, and it
     * knows of its disk what it reads. It reads all of it, by one gateway after the other, before it goes on.
     */
    void crash() {
        client.loop().execute(() -> {
            if (!loading || choreRuns) {
                return; // It makes a snapshot, which is nothing that a guest does.
            }
            time.log(client.toString(), "dies with " + inFlight + " requests under way");
            life++;
            busy.clear();
            since.clear();
            atRest = 0;
            chore = Optional.empty();
            inFlight = 1;
            client.restart();
            connections.forEach(SimClient::restart);
            connections.clear();
            second = Optional.empty();
            openAgain(() -> look(
                    new ArrayDeque<>(client.gateways()
                            .subList(0, Math.min(LOOKS, client.gateways().size()))),
                    () -> {
                        inFlight--;
                        for (int i = 0; i < depth; i++) {
                            pause();
                        }
                    }));
        });
    }

    /** Reads every sector that was ever written, by the present gateway and then by the others. */
    private void look(Deque<NodeId> others, Runnable then) {
        look(new TreeMap<>(ranges(model.written())), () -> {
            if (others.isEmpty()) {
                then.run();
            } else {
                client.moveTo(others.poll());
                look(others, then);
            }
        });
    }

    private void look(TreeMap<Long, Integer> left, Runnable then) {
        var next = left.pollFirstEntry();
        if (next == null) {
            client.loop().execute(then);
        } else {
            fetch(usual, next.getKey(), next.getValue(), () -> look(left, then));
        }
    }

    /** Reads every sector that was ever written before a snapshot from it. For stories. */
    public void verify(Frozen snapshot, Duration limit) {
        ranges(snapshot.model.written()).forEach((sector, sectors) -> {
            int object = (int) (sector / SECTORS_PER_OBJECT);
            Optional.ofNullable(snapshot.slots.get(object)).ifPresent(holder -> {
                int offset = (int) (sector % SECTORS_PER_OBJECT) * SECTOR;
                byte[] data = new byte[sectors * SECTOR];
                whole(client.call(readOf(ObjectId.ofData(holder, object), offset, data.length), limit), data.length)
                        .get(data);
                snapshot.model.read(sector, data);
            });
        });
    }

    /** Begins to read and write at random, {@code users} requests at a time. */
    public void load(int users) {
        stopped = false;
        client.loop().execute(() -> {
            loading = true;
            depth = users;
            atRest = 0;
            life++;
            for (int i = 0; i < users; i++) {
                pause();
            }
        });
    }

    /**
     * From now on the last of several objects is hardly ever written, so that it stays a snapshot's for long; and, as chance
     * will have it, more places are, so that what an interrupted write has left stays longer.
     */
    void varies() {
        places = random.nextBoolean() ? FEW_PLACES : MORE_PLACES;
        hasColdObject = objects > 1;
    }

    /** From now on it waits up to so long between two requests. */
    void thinks(Duration longest) {
        thinkNanosMax = longest.toNanos();
    }

    /** From now on a write may be refused for want of space. */
    public void bearsNoSpace() {
        bearsNoSpace = true;
    }

    /** Begins no more; {@link #idle} tells when all that was begun is done. */
    public void stop() {
        stopped = true;
        loading = false;
        chore = Optional.empty();
    }

    /** Whether nothing is under way. */
    public boolean idle() {
        return inFlight == 0;
    }

    /** How much is under way. */
    int underWay() {
        return inFlight;
    }

    /** Reads every sector that was ever written. For stories, with no load. */
    public void verify(Duration limit) {
        Invariant.check(inFlight == 0, "verify with %d requests under way", inFlight);
        var ranges = ranges(model.written());
        var begun = new int[1];
        ranges.forEach((sector, sectors) -> client.loop().execute(() -> {
            begun[0]++;
            read(sector, sectors);
        }));
        boolean done = time.runUntil(() -> begun[0] == ranges.size() && idle(), limit);
        Invariant.check(done, "no answer to a read of what %s has written within %s", client, limit);
    }

    /** The same sectors in few reads, each within one object: first sector and how many. */
    private static TreeMap<Long, Integer> ranges(List<Long> sectors) {
        var ranges = new TreeMap<Long, Integer>();
        for (long sector : sectors) {
            var last = ranges.lastEntry();
            boolean follows = last != null
                    && last.getKey() + last.getValue() == sector
                    && last.getKey() / SECTORS_PER_OBJECT == sector / SECTORS_PER_OBJECT;
            if (follows) {
                ranges.merge(last.getKey(), 1, Integer::sum);
            } else {
                ranges.put(sector, 1);
            }
        }
        return ranges;
    }

    /** Deletes the VDI; nothing of the disk may be used afterwards. For stories, with no load. */
    public void delete(Duration limit) {
        Invariant.check(inFlight == 0, "a disk is deleted with %d requests under way", inFlight);
        expect(client.call(deleting(VdiName.EMPTY), limit));
        time.log(client.toString(), "deleted " + name);
    }

    /** Its client, to be moved to another gateway or cut off. */
    public SimClient client() {
        return client;
    }

    /** Acknowledged writes. */
    public long writes() {
        return writes;
    }

    /** Writes that were refused for want of space. */
    public long refused() {
        return refused;
    }

    /** Answered reads. */
    public long reads() {
        return reads;
    }

    /** The longest that a request took since this was last asked, those not answered yet included. */
    public Duration longestAndReset() {
        var longest = Duration.ofNanos(Math.max(longestNanos, oldest().toNanos()));
        longestNanos = 0;
        return longest;
    }

    /** For how long the request has been waiting that waits longest. */
    Duration oldest() {
        long oldest = since.values().stream().min(Long::compare).orElse(time.nowNanos());
        return Duration.ofNanos(time.nowNanos() - oldest);
    }

    /**
     * A bit that the guest has written goes over on the disks of the first of these nodes that are replicas of it, but not of
     * all of them.
     *
     * @param atMost on so many
     * @return the first of them, if there is one
     */
    Optional<SimNode> rot(List<SimNode> nodes, int atMost, int chance) {
        List<Long> written = model.written();
        if (written.isEmpty()) {
            return Optional.empty();
        }
        long sector = written.get(chance % written.size());
        int object = (int) (sector / SECTORS_PER_OBJECT);
        Vid holder = slots.get(object);
        if (holder == null) {
            return Optional.empty();
        }
        ObjectId oid = ObjectId.ofData(holder, object);
        var holding = nodes.stream()
                .filter(node -> node.store().holds(oid) && node.look(w -> isReplica(w, oid)))
                .toList();
        int rotten = Math.min(atMost, holding.size() - 1);
        for (int i = 0; i < rotten; i++) {
            holding.get(i).store().rot(oid, (int) (sector % SECTORS_PER_OBJECT) * SECTOR + chance % SECTOR);
        }
        return holding.stream().limit(Math.max(rotten, 0)).findFirst();
    }

    /** A copy that is only left over is read by nobody. */
    private static boolean isReplica(Wiring node, ObjectId oid) {
        return node.cluster().view().stream()
                .anyMatch(view ->
                        view.replicas(oid, node.cluster().copies(oid)).stream().anyMatch(view::isSelf));
    }

    /** Whether its disk is there; a clone's is made first. */
    boolean isOpen() {
        return !vid.equals(Vid.NONE);
    }

    /** Whether it reads and writes; a clone begins when its inode was read. */
    boolean isInUse() {
        return loading;
    }

    /** The VDI it writes to now. */
    public Vid vid() {
        return vid;
    }

    /** Each user of the disk does one thing after the other. */
    private void next() {
        if (!loading) {
            return;
        }
        if (chore.isPresent() || choreRuns) {
            atRest++;
            if (!choreRuns && inFlight == 0) {
                choreRuns = true;
                inFlight++;
                Runnable work = chore.orElseThrow();
                chore = Optional.empty();
                work.run();
            }
            return;
        }
        for (int tries = 0; tries < 8; tries++) {
            int sectors = random.nextInt(1, 17);
            boolean cold = hasColdObject && random.nextInt(8) == 0;
            int object = cold ? objects - 1 : random.nextInt(hasColdObject ? objects - 1 : objects);
            // Few places, so that requests meet: the first sectors, and the last.
            int place = random.nextInt(4) == 0 ? SECTORS_PER_OBJECT - sectors : random.nextInt(places);
            long sector = (long) object * SECTORS_PER_OBJECT + place;
            boolean absent = second.isEmpty()
                    && !Optional.ofNullable(slots.get(object))
                            .filter(vid::equals)
                            .isPresent();
            if (!isBusy(sector, sectors, absent)) {
                boolean reads = random.nextInt(cold ? 12 : 3) < (cold ? 11 : 1) && slots.containsKey(object);
                if (reads) {
                    read(sector, sectors);
                } else {
                    write(sector, sectors);
                }
                return;
            }
        }
        pause();
    }

    private void pause() {
        int now = life;
        client.loop().after(Duration.ofNanos(random.nextLong(thinkNanosMax)), () -> {
            if (now == life) {
                next();
            }
        });
    }

    /** Two requests for one sector, or for one object that is not there yet, do not go out at the same time. */
    private boolean isBusy(long first, int sectors, boolean wholeObject) {
        long from = wholeObject ? first / SECTORS_PER_OBJECT * SECTORS_PER_OBJECT : first;
        long to = wholeObject ? from + SECTORS_PER_OBJECT : first + sectors;
        var before = busy.lowerEntry(from);
        return before != null && before.getKey() + before.getValue() > from
                || !busy.subMap(from, to).isEmpty();
    }

    private void read(long sector, int sectors) {
        int object = (int) (sector / SECTORS_PER_OBJECT);
        Optional<Vid> holder = Optional.ofNullable(slots.get(object));
        if (holder.isEmpty()) {
            model.readBeneath(sector, new byte[sectors * SECTOR]);
            return;
        }
        begin(sector, sectors);
        Driver driver = either();
        fetch(
                driver.slots.get(object) == null || !driver.slots.get(object).equals(holder.get()) ? usual : driver,
                sector,
                sectors,
                () -> {
                    reads++;
                    done(sector);
                });
    }

    private void fetch(Driver driver, long sector, int sectors, Runnable then) {
        int object = (int) (sector / SECTORS_PER_OBJECT);
        int length = sectors * SECTOR;
        Optional<Vid> holder = Optional.ofNullable(slots.get(object));
        if (holder.isEmpty()) {
            model.readBeneath(sector, new byte[length]);
            then.run();
            return;
        }
        int offset = (int) (sector % SECTORS_PER_OBJECT) * SECTOR;
        boolean own = holder.get().equals(vid);
        driver.client.ask(readOf(ObjectId.ofData(holder.get(), object), offset, length), response -> {
            byte[] data = new byte[length];
            whole(response, length).get(data);
            response.release();
            if (own) {
                model.read(sector, data);
            } else {
                model.readBeneath(sector, data);
            }
            then.run();
        });
    }

    private void write(long sector, int sectors) {
        begin(sector, sectors);
        var write = model.begin(sector, sectors);
        put(either(), write, Payload.of(model.data(write)));
    }

    /** Sends the data; begins again here if the VDI became a snapshot meanwhile. */
    private void put(Driver driver, SectorModel.Write write, Payload data) {
        int object = (int) (write.firstSector() / SECTORS_PER_OBJECT);
        int offset = (int) (write.firstSector() % SECTORS_PER_OBJECT) * SECTOR;
        Vid target = vid;
        Optional<Vid> holder = Optional.ofNullable(driver.slots.get(object));
        ObjectId oid = ObjectId.ofData(target, object);
        boolean inPlace = holder.isPresent() && holder.get().equals(target);
        Request request;
        if (inPlace) {
            request = new Request.WriteObject(SimClient.header(Opcode.WRITE_OBJ, Flags.WRITE), oid, offset, data, 0);
        } else {
            int flags = holder.isPresent() ? Flags.WRITE | Flags.COW : Flags.WRITE;
            request = new Request.CreateObject(
                    SimClient.header(Opcode.CREATE_AND_WRITE_OBJ, flags),
                    oid,
                    holder.map(from -> ObjectId.ofData(from, object)),
                    offset,
                    data,
                    0);
        }
        driver.client.ask(request, response -> {
            ResultCode result = response.result();
            response.release();
            if (result == ResultCode.READONLY) {
                lookUpAgain(() -> put(driver, write, data));
            } else if (result == ResultCode.NO_SPACE && bearsNoSpace) {
                givenUp(write);
            } else {
                Invariant.check(result == ResultCode.SUCCESS, "%s was told %s on a write to %s", client, result, oid);
                if (inPlace) {
                    acknowledged(write);
                } else {
                    setSlot(driver, write, object, target, data);
                }
            }
        });
    }

    private void setSlot(Driver driver, SectorModel.Write write, int object, Vid target, Payload data) {
        byte[] slot = new byte[4];
        ByteBuffer.wrap(slot).order(ByteOrder.LITTLE_ENDIAN).putInt(target.value());
        var request = new Request.WriteObject(
                SimClient.header(Opcode.WRITE_OBJ, Flags.WRITE),
                ObjectId.ofInode(target),
                InodeHeader.BYTES + 4 * object,
                Payload.of(slot),
                0);
        driver.client.ask(request, response -> {
            ResultCode result = response.result();
            response.release();
            if (result == ResultCode.READONLY) {
                lookUpAgain(() -> put(driver, write, data));
                return;
            }
            if (result == ResultCode.NO_SPACE && bearsNoSpace) {
                givenUp(write);
                return;
            }
            Invariant.check(result == ResultCode.SUCCESS, "%s was told %s on a slot of %s", client, result, target);
            driver.slots.put(object, target);
            slots.put(object, target);
            acknowledged(write);
        });
    }

    private void lookUpAgain(Runnable then) {
        var info = new Request.GetVdiInfo(SimClient.header(Opcode.GET_VDI_INFO, Flags.WRITE), name, VdiName.EMPTY, 0);
        client.ask(info, response -> {
            Invariant.check(
                    response instanceof Response.VdiInfo && response.result() == ResultCode.SUCCESS,
                    "after READONLY %s was told %s for %s",
                    client,
                    response.result(),
                    name);
            vid = ((Response.VdiInfo) response).vid();
            response.release();
            then.run();
        });
    }

    private void begin(long sector, int sectors) {
        busy.put(sector, sectors);
        since.put(sector, time.nowNanos());
        inFlight++;
    }

    private void acknowledged(SectorModel.Write write) {
        model.acknowledged(write);
        writes++;
        done(write.firstSector());
    }

    private void givenUp(SectorModel.Write write) {
        refused++;
        done(write.firstSector());
    }

    private void done(long sector) {
        busy.remove(sector);
        inFlight--;
        longestNanos = Math.max(longestNanos, time.nowNanos() - since.remove(sector));
        if (loading) {
            pause();
        }
    }

    private Request readOf(ObjectId oid, int offset, int length) {
        return new Request.ReadObject(SimClient.header(Opcode.READ_OBJ, 0), oid, offset, length, 0);
    }

    /** Clients of version 0 are given the whole range. */
    private ByteBuffer whole(Response response, int length) {
        Invariant.check(
                response instanceof Response.ObjectData && response.result() == ResultCode.SUCCESS,
                "%s was told %s on a read",
                client,
                response.result());
        var read = (Response.ObjectData) response;
        Invariant.check(
                read.offset() == 0 && read.data().length() == length,
                "a client of version 0 asked for %d bytes and was given %d at %d",
                length,
                read.data().length(),
                read.offset());
        return read.data().bytes();
    }

    private void expect(Response response) {
        Invariant.check(response.result() == ResultCode.SUCCESS, "%s was told %s", client, response.result());
    }

    private static byte[] field(VdiName tag) {
        byte[] field = new byte[VdiName.BYTES];
        tag.put(ByteBuffer.wrap(field), 0);
        return field;
    }
}
