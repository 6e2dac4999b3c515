package sheepdog.it.sim;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Optional;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import sheepdog.protocol.model.Invariant;
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

/**
 * A virtual machine's disk, used as QEMU's driver uses it: the inode is read once and kept; a write into a hole makes
 * the object, then changes the inode's slot, and is done when both are acknowledged; READONLY means that the VDI became
 * a snapshot, and its name is looked up again. What is read is held against a {@link SectorModel}.
 *
 * <p>Any other refusal is a broken promise (I14: what must wait is parked, not failed), but for NO_SPACE where a story
 * {@link #bearsNoSpace expects} it: that write is given up, and may be there or not.
 */
public final class SimGuest {
    private static final int SECTOR = SectorModel.SECTOR_BYTES;
    private static final int SECTORS_PER_OBJECT = ObjectId.DATA_BYTES / SECTOR;

    /** A guest does something else, too, between two requests. */
    private static final long THINK_NANOS_MAX = 20_000_000;

    private final SimTime time;
    private final SimClient client;
    private final VdiName name;
    private final int objects;
    private final RandomGenerator random;
    private final SectorModel model;
    private final TreeMap<Long, Integer> busy = new TreeMap<>();
    private final TreeMap<Long, Long> since = new TreeMap<>();
    private final TreeMap<Integer, Vid> slots = new TreeMap<>();
    private Vid vid = Vid.NONE;
    private boolean loading;
    private int inFlight;
    private boolean bearsNoSpace;
    private long writes;
    private long refused;
    private long reads;
    private long longestNanos;

    /**
     * A disk of {@code objects} objects; {@link #open} comes before all else.
     *
     * @param client whose requests are all this disk's
     */
    public SimGuest(SimTime time, SimClient client, String name, int objects) {
        this.time = time;
        this.client = client;
        this.name = VdiName.of(name);
        this.objects = objects;
        random = time.random("guest " + name + " of " + client);
        model = new SectorModel(time.seed() ^ name.hashCode());
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
        int length = InodeHeader.BYTES + 4 * objects;
        Response inode = client.call(readOf(ObjectId.ofInode(vid), 0, length), limit);
        ByteBuffer bytes = whole(inode, length).order(ByteOrder.LITTLE_ENDIAN);
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
        var tagged = new Request.WriteObject(
                SimClient.header(Opcode.WRITE_OBJ, Flags.WRITE),
                ObjectId.ofInode(vid),
                VdiName.BYTES,
                Payload.of(field(VdiName.of(tag))),
                0);
        expect(client.call(tagged, limit));
        var header = SimClient.header(Opcode.NEW_VDI, Flags.WRITE);
        long bytes = (long) objects * ObjectId.DATA_BYTES;
        Response made = client.call(new Request.NewVdi(header, name, bytes, vid, 0, true, 0, 0, 0), limit);
        expect(made);
        vid = ((Response.VdiInfo) made).vid();
        time.log(client.toString(), "snapshot " + tag + " of " + name + ", goes on as " + vid);
        return new Frozen(model.copy(), new TreeMap<>(slots));
    }

    /** What a snapshot holds, and in which objects. */
    public record Frozen(SectorModel model, TreeMap<Integer, Vid> slots) {}

    /** Reads every sector that was ever written before a snapshot from it. For stories. */
    public void verify(Frozen snapshot, Duration limit) {
        for (long sector : snapshot.model.written()) {
            int object = (int) (sector / SECTORS_PER_OBJECT);
            Optional.ofNullable(snapshot.slots.get(object)).ifPresent(holder -> {
                int offset = (int) (sector % SECTORS_PER_OBJECT) * SECTOR;
                byte[] data = new byte[SECTOR];
                whole(client.call(readOf(ObjectId.ofData(holder, object), offset, SECTOR), limit), SECTOR)
                        .get(data);
                snapshot.model.read(sector, data);
            });
        }
    }

    /** Begins to read and write at random, {@code depth} requests at a time. */
    public void load(int depth) {
        client.loop().execute(() -> {
            loading = true;
            for (int i = 0; i < depth; i++) {
                pause();
            }
        });
    }

    /** From now on a write may be refused for want of space. */
    public void bearsNoSpace() {
        bearsNoSpace = true;
    }

    /** Begins no more; {@link #idle} tells when all that was begun is done. */
    public void stop() {
        loading = false;
    }

    /** Whether nothing is under way. */
    public boolean idle() {
        return inFlight == 0;
    }

    /** Reads every sector that was ever written, and its neighbours. For stories, with no load. */
    public void verify(Duration limit) {
        Invariant.check(inFlight == 0, "verify with %d requests under way", inFlight);
        for (long sector : model.written()) {
            client.loop().execute(() -> read(sector, 1));
            boolean done = time.runUntil(() -> inFlight == 0 && !busy.containsKey(sector), limit)
                    && time.runUntil(this::idle, limit);
            Invariant.check(done, "no answer to a read of sector %d within %s", sector, limit);
        }
    }

    /** Deletes the VDI; nothing of the disk may be used afterwards. For stories, with no load. */
    public void delete(Duration limit) {
        Invariant.check(inFlight == 0, "a disk is deleted with %d requests under way", inFlight);
        var header = SimClient.internalHeader(Opcode.DEL_VDI, Flags.WRITE);
        expect(client.call(new Request.DeleteVdi(header, name, VdiName.EMPTY, 0), limit));
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
        long oldest = since.values().stream().min(Long::compare).orElse(time.nowNanos());
        var longest = Duration.ofNanos(Math.max(longestNanos, time.nowNanos() - oldest));
        longestNanos = 0;
        return longest;
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
        for (int tries = 0; tries < 8; tries++) {
            int sectors = random.nextInt(1, 17);
            int object = random.nextInt(objects);
            // Few places, so that requests meet: the first sectors, and the last.
            int first = random.nextInt(4) == 0 ? SECTORS_PER_OBJECT - sectors : random.nextInt(32);
            long sector = (long) object * SECTORS_PER_OBJECT + first;
            boolean absent =
                    !Optional.ofNullable(slots.get(object)).filter(vid::equals).isPresent();
            if (!isBusy(sector, sectors, absent)) {
                boolean reads = random.nextInt(3) == 0 && slots.containsKey(object);
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
        client.loop().after(Duration.ofNanos(random.nextLong(THINK_NANOS_MAX)), this::next);
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
            model.read(sector, new byte[sectors * SECTOR]);
            return;
        }
        begin(sector, sectors);
        int offset = (int) (sector % SECTORS_PER_OBJECT) * SECTOR;
        int length = sectors * SECTOR;
        client.ask(readOf(ObjectId.ofData(holder.get(), object), offset, length), response -> {
            byte[] data = new byte[length];
            whole(response, length).get(data);
            response.release();
            model.read(sector, data);
            reads++;
            done(sector);
        });
    }

    private void write(long sector, int sectors) {
        begin(sector, sectors);
        var write = model.begin(sector, sectors);
        put(write, Payload.of(model.data(write)));
    }

    /** Sends the data; begins again here if the VDI became a snapshot meanwhile. */
    private void put(SectorModel.Write write, Payload data) {
        int object = (int) (write.firstSector() / SECTORS_PER_OBJECT);
        int offset = (int) (write.firstSector() % SECTORS_PER_OBJECT) * SECTOR;
        Vid target = vid;
        Optional<Vid> holder = Optional.ofNullable(slots.get(object));
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
        client.ask(request, response -> {
            ResultCode result = response.result();
            response.release();
            if (result == ResultCode.READONLY) {
                lookUpAgain(() -> put(write, data));
            } else if (result == ResultCode.NO_SPACE && bearsNoSpace) {
                givenUp(write);
            } else {
                Invariant.check(result == ResultCode.SUCCESS, "%s was told %s on a write to %s", client, result, oid);
                if (inPlace) {
                    acknowledged(write);
                } else {
                    setSlot(write, object, target, data);
                }
            }
        });
    }

    private void setSlot(SectorModel.Write write, int object, Vid target, Payload data) {
        byte[] slot = new byte[4];
        ByteBuffer.wrap(slot).order(ByteOrder.LITTLE_ENDIAN).putInt(target.value());
        var request = new Request.WriteObject(
                SimClient.header(Opcode.WRITE_OBJ, Flags.WRITE),
                ObjectId.ofInode(target),
                InodeHeader.BYTES + 4 * object,
                Payload.of(slot),
                0);
        client.ask(request, response -> {
            ResultCode result = response.result();
            response.release();
            if (result == ResultCode.READONLY) {
                lookUpAgain(() -> put(write, data));
                return;
            }
            if (result == ResultCode.NO_SPACE && bearsNoSpace) {
                givenUp(write);
                return;
            }
            Invariant.check(result == ResultCode.SUCCESS, "%s was told %s on a slot of %s", client, result, target);
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
