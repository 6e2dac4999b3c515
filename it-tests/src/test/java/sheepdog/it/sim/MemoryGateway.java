package sheepdog.it.sim;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.VdiName;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.InodeHeader;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.runtime.ConnectionInfo;
import sheepdog.sheep.runtime.RequestSink;

/** A gateway over nothing but memory, to test guests with: right, or wrong in one named way. */
final class MemoryGateway implements RequestSink {
    /** What it does wrong. */
    enum Fault {
        NONE,
        FORGETS_A_WRITE,
        TEARS_A_SECTOR,
        GOES_BACK
    }

    private final SimLoop loop;
    private final SimPayloads payloads;
    private final RandomGenerator random;
    private final Fault fault;
    private final Map<VdiName, Vid> vdis = new LinkedHashMap<>();
    private final Map<Vid, Vid> snapshots = new LinkedHashMap<>();
    private final TreeMap<ObjectId, byte[]> objects = new TreeMap<>();
    private int lastVid;

    MemoryGateway(SimLoop loop, SimPayloads payloads, RandomGenerator random, Fault fault) {
        this.loop = loop;
        this.payloads = payloads;
        this.random = random;
        this.fault = fault;
    }

    @Override
    public void admit(Request request, ConnectionInfo from, Consumer<Response> reply) {
        switch (request) {
            case Request.NewVdi make -> later(() -> newVdi(make), reply);
            case Request.LockVdi lock -> later(() -> found(lock.name()), reply);
            case Request.GetVdiInfo info -> later(() -> found(info.name()), reply);
            case Request.ReadObject read -> later(() -> read(read), reply);
            case Request.WriteObject write -> write(write.oid(), write.offset(), write.data(), Optional.empty(), reply);
            case Request.CreateObject create ->
                write(
                        create.oid(),
                        create.offset(),
                        create.data(),
                        Optional.of(create.cow().map(objects::get).orElse(new byte[ObjectId.DATA_BYTES])),
                        reply);
            default -> later(() -> Response.of(ResultCode.INVALID_PARMS), reply);
        }
    }

    private void later(Supplier<Response> answer, Consumer<Response> reply) {
        loop.after(Duration.ofNanos(random.nextLong(1_000_000)), () -> reply.accept(answer.get()));
    }

    private Response newVdi(Request.NewVdi make) {
        if (make.snapshot() ? snapshots.containsKey(make.base()) : vdis.containsKey(make.name())) {
            return found(make.name());
        }
        Vid vid = new Vid(++lastVid);
        byte[] inode = new byte[ObjectId.INODE_BYTES];
        if (make.snapshot()) {
            snapshots.put(make.base(), vid);
            byte[] base = objects.get(ObjectId.ofInode(make.base()));
            System.arraycopy(base, InodeHeader.BYTES, inode, InodeHeader.BYTES, base.length - InodeHeader.BYTES);
        }
        objects.put(ObjectId.ofInode(vid), inode);
        vdis.put(make.name(), vid);
        return found(make.name());
    }

    private Response found(VdiName name) {
        return Optional.ofNullable(vdis.get(name))
                .<Response>map(vid -> new Response.VdiInfo(ResultCode.SUCCESS, vid, 0, 1, 0))
                .orElse(Response.of(ResultCode.NO_VDI));
    }

    private Response read(Request.ReadObject read) {
        byte[] object = objects.get(read.oid());
        if (object == null) {
            return Response.of(ResultCode.NO_OBJ);
        }
        byte[] data = new byte[read.length()];
        System.arraycopy(object, read.offset(), data, 0, read.length());
        return new Response.ObjectData(ResultCode.SUCCESS, 1, 0, payloads.of(data, "read"));
    }

    private void write(ObjectId oid, int offset, Payload data, Optional<byte[]> fresh, Consumer<Response> reply) {
        data.retain();
        loop.after(Duration.ofNanos(random.nextLong(1_000_000)), () -> {
            ResultCode result = ResultCode.SUCCESS;
            if (oid.isData() && snapshots.containsKey(oid.vid())) {
                result = ResultCode.READONLY;
            } else if (fresh.isEmpty() && !objects.containsKey(oid)) {
                result = ResultCode.NO_OBJ;
            } else {
                byte[] object = objects.computeIfAbsent(oid, _ -> fresh.get().clone());
                apply(object, offset, data.bytes(), oid.isData() && random.nextInt(50) == 0 ? fault : Fault.NONE);
            }
            data.release();
            reply.accept(Response.of(result));
        });
    }

    private void apply(byte[] object, int offset, ByteBuffer data, Fault now) {
        byte[] before = now == Fault.NONE ? object : object.clone();
        if (now != Fault.FORGETS_A_WRITE) {
            data.get(object, offset, data.remaining());
        }
        if (now == Fault.TEARS_A_SECTOR) {
            System.arraycopy(before, offset + 256, object, offset + 256, 256);
        }
        if (now == Fault.GOES_BACK) {
            loop.after(Duration.ofSeconds(2), () -> System.arraycopy(before, offset, object, offset, 512));
        }
    }
}
