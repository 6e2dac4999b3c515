package sheepdog.sheep.vdi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.membership.runtime.Loop;
import sheepdog.membership.runtime.LoopFuture;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.VdiName;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.vdi.Slots;
import sheepdog.protocol.wire.Inode;
import sheepdog.protocol.wire.InodeHeader;
import sheepdog.protocol.wire.Protocol;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;
import sheepdog.sheep.cluster.Cluster;
import sheepdog.sheep.cluster.ClusterCommand;
import sheepdog.sheep.cluster.CommandResult;
import sheepdog.sheep.cluster.VdiEntry;
import sheepdog.sheep.gateway.Gateway;
import sheepdog.sheep.gateway.Mutation;
import sheepdog.sheep.runtime.WallClock;

/**
 * Makes, finds and deletes VDIs. Loop-owned.
 *
 * <p>A VDI is made in three steps: an entry in the log reserves its id, its inode object is written, a second entry
 * makes it visible. Until the second nobody sees anything; a node that dies in between leaves a reservation that the
 * log voids. A snapshot holds the working VDI's writes back meanwhile, so that the new inode has exactly the slots of
 * the one it replaces.
 */
public final class VdiService {
    private static final Logger LOG = LoggerFactory.getLogger(VdiService.class);
    private static final Duration RETRY = Duration.ofMillis(30);

    private final Loop loop;
    private final Cluster cluster;
    private final Gateway gateway;
    private final Reclaim reclaim;
    private final WallClock clock;

    public VdiService(Loop loop, Cluster cluster, Gateway gateway, Reclaim reclaim, WallClock clock) {
        this.loop = loop;
        this.cluster = cluster;
        this.gateway = gateway;
        this.reclaim = reclaim;
        this.clock = clock;
    }

    /** Finds a VDI; everything that was committed before this was asked for is known to the answer. */
    public CompletionStage<Response> info(VdiName name, VdiName tag, int snapId) {
        return cluster.propose(new ClusterCommand.Barrier()).thenApply(barrier -> {
            if (barrier.code() != ResultCode.SUCCESS) {
                return Response.of(barrier.code());
            }
            return switch (cluster.state().vdis().lookup(name.latin1(), tag.latin1(), snapId)) {
                case Outcome.Ok<VdiEntry>(var entry) ->
                    new Response.VdiInfo(
                            ResultCode.SUCCESS, entry.vid(), 0, entry.copies(), InodeHeader.BLOCK_SIZE_SHIFT);
                case Outcome.Refused<VdiEntry>(var code) -> Response.of(code);
            };
        });
    }

    /** Nothing is locked, so there is nothing to release. */
    public Response release(Request.ReleaseVdi request) {
        return Response.success();
    }

    /** Every acknowledged write is on stable storage: clients need not flush, and this answer tells them so. */
    public Response flush(Request.FlushVdi request) {
        return Response.of(ResultCode.INVALID_PARMS);
    }

    /** No node has an object cache: there is nothing to drop. */
    public Response dropCache(Request.DeleteCache request) {
        return Response.success();
    }

    /** The bitmap of ids in use, for a client that has room for just that. */
    public Response bitmap(Request.ReadVdis request) {
        return request.lengthMax() == Protocol.VDI_BITMAP_BYTES
                ? new Response.Data(
                        ResultCode.SUCCESS, Payload.of(cluster.state().vdis().bitmap()))
                : Response.of(ResultCode.INVALID_PARMS);
    }

    /** The VDIs behind one, as {@link Request.ListVdis} has them. */
    public Response list(Request.ListVdis request) {
        var text = new StringBuilder();
        for (VdiEntry entry : cluster.state().vdis().all()) {
            if (entry.isLive() && request.after().value() < entry.vid().value()) {
                String line = "%s %x %s %s\n"
                        .formatted(
                                entry.vid(),
                                entry.isSnapshot() ? entry.snapId() : 0,
                                hex(entry.name()),
                                entry.tag().isEmpty() ? "-" : hex(entry.tag()));
                if (text.length() + line.length() > request.lengthMax()) {
                    break;
                }
                text.append(line);
            }
        }
        return new Response.Data(ResultCode.SUCCESS, Payload.of(text.toString().getBytes(StandardCharsets.US_ASCII)));
    }

    private static String hex(String text) {
        return HexFormat.of().formatHex(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Makes a VDI, a clone, or a snapshot. */
    public CompletionStage<Response> create(Request.NewVdi request) {
        var wrong = invalid(request);
        if (wrong.isPresent()) {
            return done(Response.of(wrong.get()));
        }
        if (!request.snapshot()) {
            return make(request, Vid.NONE, 0).thenCompose(answer -> againIfVoid(request, answer));
        }
        return switch (cluster.state().vdis().lookup(request.name().latin1(), "", 0)) {
            case Outcome.Refused<VdiEntry>(var code) -> done(Response.of(code));
            case Outcome.Ok<VdiEntry>(var working) ->
                gateway.exclusively(working.vid(), generation -> make(request, working.vid(), generation))
                        .thenCompose(answer -> {
                            if (answer.result() == ResultCode.SUCCESS) {
                                noteSnapshot(working.vid());
                            }
                            return againIfVoid(request, answer);
                        });
        };
    }

    /** The reservation was voided, or the VDI was written elsewhere meanwhile: all is done anew. */
    private CompletionStage<Response> againIfVoid(Request.NewVdi request, Response answer) {
        if (answer.result() != ResultCode.AGAIN) {
            return done(answer);
        }
        var later = new LoopFuture<Response>(loop);
        loop.after(RETRY, () -> create(request).thenAccept(later::complete));
        return later;
    }

    private static Optional<ResultCode> invalid(Request.NewVdi request) {
        boolean known = request.copyPolicy() == 0
                && request.storePolicy() == 0
                && (request.blockSizeShift() == 0 || request.blockSizeShift() == InodeHeader.BLOCK_SIZE_SHIFT);
        if (!known) {
            return Optional.of(ResultCode.NO_SUPPORT);
        }
        boolean right = !request.name().isEmpty()
                && request.name().isTerminated()
                && Long.compareUnsigned(request.sizeBytes(), Slots.VDI_BYTES_MAX) <= 0
                && request.copies() <= Protocol.COPIES_MAX;
        return right ? Optional.empty() : Optional.of(ResultCode.INVALID_PARMS);
    }

    /**
     * @param replaced   the VDI that becomes a snapshot, whose writes are held back; NONE if none
     * @param generation of the right to write it
     */
    private CompletionStage<Response> make(Request.NewVdi request, Vid replaced, long generation) {
        Instant now = clock.now();
        long time = now.getEpochSecond() << 32 | now.getNano();
        var reserve = new ClusterCommand.ReserveVdi(
                request.name().latin1(),
                request.base(),
                request.snapshot(),
                request.copies(),
                time,
                cluster.self().storeId(),
                cluster.self().incarnation());
        return untilDecided(() -> cluster.propose(reserve)).thenCompose(reserved -> {
            if (reserved.code() != ResultCode.SUCCESS) {
                return done(new Response.VdiInfo(reserved.code(), reserved.vid(), 0, 0, 0));
            }
            if (!reserved.other().equals(replaced)) {
                // Another one became the working VDI of that name.
                return abort(reserved.vid(), time, ResultCode.AGAIN);
            }
            return writeInode(request, reserved, time).thenCompose(written -> switch (written) {
                case Outcome.Ok<VdiName>(var tag) -> commit(reserved, time, generation, tag);
                case Outcome.Refused<VdiName>(var code) -> abort(reserved.vid(), time, code);
            });
        });
    }

    /** The same name is being made, or the VDI is about to change: that passes. */
    private CompletionStage<CommandResult> untilDecided(Supplier<CompletionStage<CommandResult>> ask) {
        return ask.get().thenCompose(result -> {
            if (result.code() != ResultCode.AGAIN) {
                return CompletableFuture.completedStage(result);
            }
            var later = new LoopFuture<CommandResult>(loop);
            loop.after(RETRY, () -> untilDecided(ask).thenAccept(later::complete));
            return later;
        });
    }

    /** @return the tag that the VDI which becomes a snapshot has in its inode; empty if none becomes one */
    private CompletionStage<Outcome<VdiName>> writeInode(Request.NewVdi request, CommandResult reserved, long time) {
        if (request.base().equals(Vid.NONE)) {
            return create(request, reserved, time, ByteBuffer.allocate(ObjectId.INODE_BYTES))
                    .thenApply(code -> outcome(code, VdiName.EMPTY));
        }
        return gateway.read(ObjectId.ofInode(request.base()), 0, ObjectId.INODE_BYTES)
                .thenCompose(base -> {
                    if (base.result() != ResultCode.SUCCESS) {
                        base.release();
                        return done(Outcome.refused(ResultCode.BASE_VDI_READ));
                    }
                    ByteBuffer image = ByteBuffer.allocate(ObjectId.INODE_BYTES);
                    image.put(base.data().bytes());
                    base.release();
                    return tagOf(reserved.other(), request.base(), image.clear())
                            .thenCompose(tag -> switch (tag) {
                                case Outcome.Refused<VdiName> refused -> done(refused);
                                case Outcome.Ok<VdiName>(var name) ->
                                    create(request, reserved, time, image).thenApply(code -> outcome(code, name));
                            });
                });
    }

    private CompletionStage<Outcome<VdiName>> tagOf(Vid replaced, Vid base, ByteBuffer baseImage) {
        if (replaced.equals(Vid.NONE)) {
            return done(Outcome.ok(VdiName.EMPTY));
        }
        if (replaced.equals(base)) {
            return done(Outcome.ok(InodeHeader.read(baseImage).tag()));
        }
        return gateway.read(ObjectId.ofInode(replaced), 0, InodeHeader.BYTES).thenApply(answer -> {
            Outcome<VdiName> tag = answer.result() == ResultCode.SUCCESS
                    ? Outcome.ok(InodeHeader.read(answer.data().bytes()).tag())
                    : Outcome.refused(ResultCode.VDI_READ);
            answer.release();
            return tag;
        });
    }

    private static Outcome<VdiName> outcome(ResultCode code, VdiName tag) {
        return code == ResultCode.SUCCESS ? Outcome.ok(tag) : Outcome.refused(code);
    }

    /** @param image of the base, or zeros; its header is replaced */
    private CompletionStage<ResultCode> create(
            Request.NewVdi request, CommandResult reserved, long time, ByteBuffer image) {
        var plain = InodeHeader.of(
                request.name(),
                reserved.vid(),
                time,
                // The original rounds up to whole sectors where it makes a snapshot; a sector is the least a disk can
                // do.
                (request.sizeBytes() + 511) & ~511L,
                reserved.copies(),
                (int) reserved.number());
        plain.put(image.clear());
        ByteBuffer parent = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        parent.putInt(request.base().value()).flip();
        Inode.of(image.clear()).overlay(InodeHeader.PARENT_OFFSET, parent);
        var inode = new Mutation.Create(ObjectId.ofInode(reserved.vid()), 0, Payload.of(image.clear()));
        return gateway.mutate(
                inode, _ -> isReserved(reserved.vid(), time) ? Optional.empty() : Optional.of(ResultCode.AGAIN));
    }

    /** A format, or this node's exclusion, ends a reservation; its id may be another VDI's by then. */
    private boolean isReserved(Vid vid, long time) {
        return cluster.state()
                .vdis()
                .find(vid)
                .filter(e -> e.state() == VdiEntry.State.RESERVED && e.createTime() == time)
                .isPresent();
    }

    private CompletionStage<Response> commit(CommandResult reserved, long time, long generation, VdiName tag) {
        return cluster.propose(new ClusterCommand.CommitVdi(reserved.vid(), time, generation, tag.latin1()))
                .thenApply(committed -> committed.code() == ResultCode.SUCCESS
                        ? new Response.VdiInfo(
                                ResultCode.SUCCESS, reserved.vid(), 0, reserved.copies(), InodeHeader.BLOCK_SIZE_SHIFT)
                        : Response.of(committed.code()));
    }

    private CompletionStage<Response> abort(Vid vid, long time, ResultCode why) {
        LOG.warn("giving up vdi={} result={}", vid, why);
        return cluster.propose(new ClusterCommand.AbortVdi(vid, time)).thenApply(_ -> {
            reclaim.start();
            return Response.of(why);
        });
    }

    /** Writes into the inode object what the log has decided, for readers of the store's files. */
    private void noteSnapshot(Vid vid) {
        cluster.state().vdis().find(vid).ifPresent(entry -> {
            ByteBuffer time = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            time.putLong(entry.snapCtime()).flip();
            gateway.mutate(new Mutation.Write(ObjectId.ofInode(vid), InodeHeader.SNAP_CTIME_OFFSET, Payload.of(time)))
                    .thenAccept(code -> LOG.debug("snapshot vdi={} noted result={}", vid, code));
        });
    }

    /** Deletes a VDI or a snapshot; answered when the space that nobody shares has been given back. */
    public CompletionStage<Response> delete(Request.DeleteVdi request) {
        var command = new ClusterCommand.DeleteVdi(
                request.name().latin1(), request.tag().latin1(), request.snapId());
        return untilDecided(() -> cluster.propose(command)).thenCompose(deleted -> {
            if (deleted.code() != ResultCode.SUCCESS) {
                return done(Response.of(deleted.code()));
            }
            long family = cluster.state()
                    .vdis()
                    .find(deleted.vid())
                    .map(VdiEntry::family)
                    .orElse(0L);
            return reclaim.sweep(family).thenApply(_ -> Response.success());
        });
    }

    private static <T> CompletionStage<T> done(T value) {
        return CompletableFuture.completedStage(value);
    }
}
