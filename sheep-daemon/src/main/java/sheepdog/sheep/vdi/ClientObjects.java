package sheepdog.sheep.vdi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.vdi.Slots;
import sheepdog.protocol.wire.Inode;
import sheepdog.protocol.wire.InodeHeader;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.cluster.Cluster;
import sheepdog.sheep.cluster.VdiEntry;
import sheepdog.sheep.gateway.Gateway;
import sheepdog.sheep.gateway.Mutation;
import sheepdog.sheep.runtime.ConnectionInfo;

/**
 * Objects as clients may use them: the gateway's, plus the rules of VDIs. Data of a snapshot is read-only; an inode's
 * identity is the cluster's knowledge, not the client's; a slot that a client overwrites lets its object go. Loop-owned.
 */
public final class ClientObjects {
    private static final int CREATE_TIME_OFFSET = 512;
    private static final int CREATE_TIME_END = 528;
    private static final int FIXED_OFFSET = 552;
    private static final int FIXED_END = Slots.INDEX_OFFSET;

    private final Cluster cluster;
    private final Gateway gateway;

    public ClientObjects(Cluster cluster, Gateway gateway) {
        this.cluster = cluster;
        this.gateway = gateway;
    }

    /** Answers with {@link Response.ObjectData}, untrimmed. */
    public CompletionStage<Response> read(Request.ReadObject request) {
        ObjectId oid = request.oid();
        if (oid.isInode()) {
            var entry = cluster.state().vdis().find(oid.vid());
            if (entry.isEmpty()) {
                return done(Response.of(ResultCode.NO_OBJ));
            }
            if (!entry.get().isLive()) {
                // Clients walk over the ids in use and skip an inode without a name, deleted or still being made.
                return done(data(oid, Payload.of(new byte[request.length()])));
            }
            return gateway.read(oid, request.offset(), request.length())
                    .thenApply(answer -> overlaid(answer, entry.get(), request));
        }
        return gateway.read(oid, request.offset(), request.length()).thenApply(answer -> withCopies(answer, oid));
    }

    private Response withCopies(Response answer, ObjectId oid) {
        return answer.result() == ResultCode.SUCCESS ? data(oid, answer.data()) : answer;
    }

    private Response data(ObjectId oid, Payload bytes) {
        return new Response.ObjectData(ResultCode.SUCCESS, cluster.copies(oid), 0, bytes);
    }

    /** A VDI became a snapshot at one point of the log; the inode object may not say so yet. */
    private Response overlaid(Response answer, VdiEntry entry, Request.ReadObject request) {
        boolean touches = request.offset() < InodeHeader.SNAP_CTIME_OFFSET + Long.BYTES
                && request.offset() + request.length() > InodeHeader.SNAP_CTIME_OFFSET;
        if (answer.result() != ResultCode.SUCCESS || !entry.isSnapshot() || !touches) {
            return withCopies(answer, request.oid());
        }
        ByteBuffer copy =
                ByteBuffer.allocate(request.length()).put(answer.data().bytes());
        answer.release();
        ByteBuffer time = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        time.putLong(entry.snapCtime()).flip();
        Inode.of(copy.clear(), request.offset()).overlay(InodeHeader.SNAP_CTIME_OFFSET, time);
        return data(request.oid(), Payload.of(copy.clear()));
    }

    /** Writes into an object that exists. */
    public CompletionStage<Response> write(Request.WriteObject request, ConnectionInfo from) {
        if (request.oid().isInode()) {
            return writeInode(request, from);
        }
        return answered(
                gateway.mutate(new Mutation.Write(request.oid(), request.offset(), request.data()), check(from)));
    }

    /** Makes an object; inodes are made by NEW_VDI only. */
    public CompletionStage<Response> create(Request.CreateObject request, ConnectionInfo from) {
        if (request.oid().isInode()) {
            return done(Response.of(ResultCode.INVALID_PARMS));
        }
        if (request.cow().isPresent()) {
            return answered(gateway.copyOnWrite(
                    request.oid(), request.cow().get(), request.offset(), request.data(), check(from)));
        }
        return answered(
                gateway.mutate(new Mutation.Create(request.oid(), request.offset(), request.data()), check(from)));
    }

    /** Removes an object; an inode goes with its VDI only. */
    public CompletionStage<Response> remove(Request.RemoveObject request, ConnectionInfo from) {
        return request.oid().isInode()
                ? done(Response.of(ResultCode.INVALID_PARMS))
                : answered(gateway.mutate(new Mutation.Remove(request.oid()), check(from)));
    }

    /** Empties the slot of a data object, then lets the object go; that there was none is no error. */
    public CompletionStage<Response> discard(Request.DiscardObject request, ConnectionInfo from) {
        ObjectId oid = request.oid();
        if (!oid.isData()) {
            return done(Response.of(ResultCode.INVALID_PARMS));
        }
        var zero = Payload.of(new byte[Slots.SLOT_BYTES]);
        var slot = new Mutation.Write(ObjectId.ofInode(oid.vid()), Slots.offset(oid.index()), zero);
        return gateway.mutate(slot, check(from)).thenCompose(code -> {
            if (code != ResultCode.SUCCESS) {
                return done(Response.of(code));
            }
            return gateway.mutate(new Mutation.Remove(oid), check(from))
                    .thenApply(removed ->
                            Response.of(removed == ResultCode.READONLY ? ResultCode.READONLY : ResultCode.SUCCESS));
        });
    }

    /**
     * Asked before each mutation is sent, and again if the right to write was lost meanwhile. A client whose connection
     * closed has perhaps asked again by another way and gone on from there: what it left here must not come after that.
     */
    private Function<Mutation, Optional<ResultCode>> check(ConnectionInfo from) {
        return mutation -> from.isOpen() ? refusal(mutation) : Optional.of(ResultCode.NETWORK_ERROR);
    }

    /** Why a client's mutation cannot be, as the cluster stands now. */
    private Optional<ResultCode> refusal(Mutation mutation) {
        ObjectId oid = mutation.oid();
        if (oid.isAttr()) {
            return Optional.empty();
        }
        var entry = cluster.state().vdis().find(oid.vid());
        if (entry.isEmpty() || !entry.get().isLive()) {
            return Optional.of(ResultCode.NO_OBJ);
        }
        boolean readOnly = entry.get().isSnapshot() && (oid.isData() || isIndexUpdate(mutation));
        return readOnly ? Optional.of(ResultCode.READONLY) : Optional.empty();
    }

    /**
     * A slot that is filled after the VDI became a snapshot belongs to the VDI that took its place: read-only makes the
     * client send it there. Emptying slots is how clients delete snapshots.
     */
    private static boolean isIndexUpdate(Mutation mutation) {
        if (!mutation.oid().isInode() || !(mutation instanceof Mutation.Write write) || write.to() <= FIXED_END) {
            return false;
        }
        ByteBuffer bytes = write.data().bytes();
        for (int i = Math.max(0, FIXED_END - write.from()); i < bytes.limit(); i++) {
            if (bytes.get(i) != 0) {
                return true;
            }
        }
        return false;
    }

    private CompletionStage<Response> writeInode(Request.WriteObject request, ConnectionInfo from) {
        var entry = cluster.state().vdis().find(request.oid().vid());
        if (entry.isEmpty() || !entry.get().isLive()) {
            return done(Response.of(ResultCode.NO_OBJ));
        }
        Payload bytes = withIdentity(request, entry.get());
        var write = new Mutation.Write(request.oid(), request.offset(), bytes);
        if (!letsObjectsGo(write, entry.get())) {
            return answered(gateway.mutate(write, check(from)));
        }
        return gateway.read(request.oid(), request.offset(), bytes.length()).thenCompose(before -> {
            var dropped = before.result() == ResultCode.SUCCESS
                    ? dropped(write, before.data(), entry.get())
                    : new ArrayDeque<ObjectId>();
            before.release();
            return gateway.mutate(write, check(from))
                    .thenCompose(
                            code -> code == ResultCode.SUCCESS ? removeAll(dropped, from) : done(Response.of(code)));
        });
    }

    /** Whatever a client's copy of the header says, who the VDI is stays as the cluster has it. */
    private static Payload withIdentity(Request.WriteObject request, VdiEntry entry) {
        int from = request.offset();
        int to = from + request.data().length();
        boolean touches = from < CREATE_TIME_END && to > CREATE_TIME_OFFSET || from < FIXED_END && to > FIXED_OFFSET;
        if (!touches) {
            return request.data();
        }
        ByteBuffer copy =
                ByteBuffer.allocate(request.data().length()).put(request.data().bytes());
        Inode inode = Inode.of(copy.clear(), from);
        ByteBuffer times =
                ByteBuffer.allocate(CREATE_TIME_END - CREATE_TIME_OFFSET).order(ByteOrder.LITTLE_ENDIAN);
        times.putLong(entry.createTime()).putLong(entry.snapCtime()).flip();
        inode.overlay(CREATE_TIME_OFFSET, times);
        ByteBuffer fixed = ByteBuffer.allocate(FIXED_END - FIXED_OFFSET).order(ByteOrder.LITTLE_ENDIAN);
        fixed.put(2, (byte) entry.copies())
                .put(3, (byte) InodeHeader.BLOCK_SIZE_SHIFT)
                .putInt(4, entry.snapId())
                .putInt(8, entry.vid().value())
                .putInt(12, entry.parent().value());
        inode.overlay(FIXED_OFFSET, fixed);
        return Payload.of(copy.clear());
    }

    /** Whether a write to a working VDI's index may take an object of its own out of its slot. */
    private static boolean letsObjectsGo(Mutation.Write write, VdiEntry entry) {
        if (!entry.isWorking()) {
            return false;
        }
        Inode after = Inode.of(write.data().bytes(), write.from());
        return Slots.touched(write.from(), write.data().length())
                .map(range -> {
                    for (int i = range.first(); i < range.end(); i++) {
                        if (after.hasSlot(i) && after.slot(i) != entry.vid().value()) {
                            return true;
                        }
                    }
                    return false;
                })
                .orElse(false);
    }

    private static Deque<ObjectId> dropped(Mutation.Write write, Payload before, VdiEntry entry) {
        var gone = new ArrayDeque<ObjectId>();
        Inode old = Inode.of(before.bytes(), write.from());
        Inode after = Inode.of(write.data().bytes(), write.from());
        Slots.touched(write.from(), write.data().length()).ifPresent(range -> {
            for (int i = range.first(); i < range.end(); i++) {
                boolean wasOurs = after.hasSlot(i) && old.slot(i) == entry.vid().value();
                if (wasOurs && after.slot(i) != entry.vid().value()) {
                    gone.add(ObjectId.ofData(entry.vid(), i));
                }
            }
        });
        return gone;
    }

    /** One after the other; the answer is success once all are gone. */
    private CompletionStage<Response> removeAll(Deque<ObjectId> oids, ConnectionInfo from) {
        ObjectId oid = oids.poll();
        if (oid == null) {
            return done(Response.success());
        }
        return gateway.mutate(new Mutation.Remove(oid), check(from)).thenCompose(_ -> removeAll(oids, from));
    }

    private static CompletionStage<Response> answered(CompletionStage<ResultCode> stage) {
        return stage.thenApply(Response::of);
    }

    private static CompletionStage<Response> done(Response response) {
        return CompletableFuture.completedStage(response);
    }
}
