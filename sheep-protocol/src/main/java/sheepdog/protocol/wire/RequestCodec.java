package sheepdog.protocol.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.VdiName;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.wire.PeerRequest.CompletedWrites;
import sheepdog.protocol.wire.PeerRequest.CreateReplica;
import sheepdog.protocol.wire.PeerRequest.DiscardReplica;
import sheepdog.protocol.wire.PeerRequest.FetchObject;
import sheepdog.protocol.wire.PeerRequest.Hello;
import sheepdog.protocol.wire.PeerRequest.InFlightObjects;
import sheepdog.protocol.wire.PeerRequest.ListObjects;
import sheepdog.protocol.wire.PeerRequest.Ping;
import sheepdog.protocol.wire.PeerRequest.ReadReplica;
import sheepdog.protocol.wire.PeerRequest.RemoveReplica;
import sheepdog.protocol.wire.PeerRequest.SettleObject;
import sheepdog.protocol.wire.PeerRequest.StatObject;
import sheepdog.protocol.wire.PeerRequest.WriteReplica;
import sheepdog.protocol.wire.PeerRequest.YieldOwner;

/**
 * Requests between messages and bytes. Pure; any thread.
 *
 * <p>A server reads 48 bytes, asks {@link Header#read}, {@link #bodyLength} and {@link #bodyLimit}, reads the payload
 * if it is within the limit, and calls {@link #decode}. A client sends {@link #encodeHeader} and then {@link #body}.
 *
 * <p>Fields by offset from the header's start, where early and late clients differ read so that both are understood:
 * {@code copies} is one byte, for in later versions the three bytes behind it have other meanings.
 *
 * <pre>
 *  object:  16 oid u64 | 24 cow oid u64 | 32 copies u8 | 36 target epoch u32 | 40 offset u64
 *  vdi:     16 size u64 | 24 base vid u32 | 28 copies u8 | 29 copy policy u8 | 30 store policy u8
 *           31 block size shift u8 | 32 snapshot id u32 | 36 lock type u32
 *  cluster: 24 ctime u64 | 32 copies u8
 *  list:    16 target epoch u32
 * </pre>
 */
public final class RequestCodec {
    private static final int SMALL_BODY_BYTES = 4096;
    private static final int DISK_PATHS_BYTES = 64 * 4096;
    private static final int STORE_NAME_BYTES = 16;
    private static final int HELLO_BYTES = 20;
    private static final Request.DrainNode.How[] DRAINS = Request.DrainNode.How.values();

    private RequestCodec() {}

    /** Bytes of payload that follow a header: its unsigned length if WRITE is set, else 0. */
    public static long bodyLength(Header header) {
        return header.isWrite() ? Integer.toUnsignedLong(header.dataLength()) : 0;
    }

    /**
     * The largest payload that makes sense for an opcode, known or not; more is to be read away or refused without
     * being stored.
     */
    public static int bodyLimit(int opcode) {
        return Opcode.of(opcode)
                .map(known -> switch (known) {
                    case CREATE_AND_WRITE_OBJ,
                            WRITE_OBJ,
                            CREATE_AND_WRITE_PEER,
                            WRITE_PEER,
                            WRITE_REPLICA,
                            CREATE_REPLICA -> ObjectId.INODE_BYTES;
                    case FETCH_OBJECT -> ObjectChanges.DIGESTS_BYTES_MAX;
                    case GET_VDI_ATTR -> ObjectId.ATTR_BYTES;
                    case MD_PLUG, MD_UNPLUG -> DISK_PATHS_BYTES;
                    case HELLO -> HELLO_BYTES + Protocol.AUTHENTICATION_BYTES_MAX;
                    default -> SMALL_BODY_BYTES;
                })
                .orElse(SMALL_BODY_BYTES);
    }

    /**
     * Makes a request of its bytes.
     *
     * @param header 48 bytes from the position, left as they are
     * @param body   exactly {@link #bodyLength} bytes; taken over: the request owns it, or it has been released
     * @return {@link Request.Unknown} for an opcode without a record. What is malformed is refused: with
     *         {@code INVALID_PARMS}, or with {@code VER_MISMATCH} if the version alone is reason enough, for that is
     *         what clients are told first. The version of what is well-formed is the caller's to check
     */
    public static Outcome<Request> decode(ByteBuffer header, Payload body) {
        ByteBuffer in = header.slice().order(ByteOrder.LITTLE_ENDIAN);
        Header head = Header.read(in);
        Optional<Request> request;
        if (body.length() != bodyLength(head)) {
            request = Optional.empty();
        } else {
            request = head.operation()
                    .map(opcode -> decodeBody(opcode, head, new Fields(in), body))
                    .orElseGet(() -> Optional.of(new Request.Unknown(head)));
        }
        if (request.isEmpty() || request.get().data() != body) {
            body.release();
        }
        return request.map(Outcome::ok)
                .orElseGet(() ->
                        Outcome.refused(head.isVersionAccepted() ? ResultCode.INVALID_PARMS : ResultCode.VER_MISMATCH));
    }

    private static Optional<Request> decodeBody(Opcode opcode, Header head, Fields in, Payload body) {
        int room = head.lengthMax();
        return switch (opcode) {
            case CREATE_AND_WRITE_OBJ ->
                in.write(head, body)
                        ? in.cow(head)
                                .map(cow -> new Request.CreateObject(head, in.oid(), cow, in.offset(), body, in.u8(32)))
                        : Optional.empty();
            case CREATE_AND_WRITE_PEER ->
                in.write(head, body)
                        ? in.cow(head)
                                .map(cow -> new Request.CreatePeer(head, in.oid(), cow, in.offset(), body, in.u8(32)))
                        : Optional.empty();
            case WRITE_OBJ ->
                when(in.write(head, body), () -> new Request.WriteObject(head, in.oid(), in.offset(), body, in.u8(32)));
            case WRITE_PEER ->
                when(in.write(head, body), () -> new Request.WritePeer(head, in.oid(), in.offset(), body, in.u8(32)));
            case READ_OBJ ->
                when(
                        in.range(head.dataLength()),
                        () -> new Request.ReadObject(head, in.oid(), in.offset(), head.dataLength(), in.u8(32)));
            case READ_PEER ->
                when(
                        in.range(head.dataLength()),
                        () -> new Request.ReadPeer(
                                head, in.oid(), in.offset(), head.dataLength(), in.u8(32), new Epoch(in.i32(36))));
            case REMOVE_OBJ -> when(in.oid().isValid(), () -> new Request.RemoveObject(head, in.oid()));
            case REMOVE_PEER -> when(in.oid().isValid(), () -> new Request.RemovePeer(head, in.oid()));
            case DISCARD_OBJ -> when(in.oid().isValid(), () -> new Request.DiscardObject(head, in.oid()));
            case FLUSH_VDI -> when(in.oid().isValid(), () -> new Request.FlushVdi(head, in.oid()));
            case FLUSH_DEL_CACHE -> when(in.oid().isValid(), () -> new Request.FlushDelCache(head, in.oid()));
            case DELETE_CACHE -> when(in.oid().isValid(), () -> new Request.DeleteCache(head, in.oid()));
            case NEW_VDI ->
                when(
                        body.length() == VdiName.BYTES && in.isVid(24),
                        () -> new Request.NewVdi(
                                head,
                                VdiName.read(body.bytes(), 0),
                                in.i64(16),
                                new Vid(in.i32(24)),
                                in.u8(28),
                                in.i32(32) != 0,
                                in.u8(29),
                                in.u8(31),
                                in.u8(30)));
            case LOCK_VDI ->
                when(
                        isNameAndTag(body),
                        () -> new Request.LockVdi(head, name(body), tag(body), in.i32(32), in.i32(36)));
            case GET_VDI_INFO ->
                when(isNameAndTag(body), () -> new Request.GetVdiInfo(head, name(body), tag(body), in.i32(32)));
            case DEL_VDI ->
                when(isNameAndTag(body), () -> new Request.DeleteVdi(head, name(body), tag(body), in.i32(32)));
            case RELEASE_VDI -> when(in.isVid(24), () -> new Request.ReleaseVdi(head, new Vid(in.i32(24))));
            case READ_VDIS -> Optional.of(new Request.ReadVdis(head, room));
            case GET_CLUSTER_DEFAULT -> Optional.of(new Request.GetClusterDefault(head));
            case GET_NODE_LIST -> Optional.of(new Request.GetNodeList(head, room));
            case MAKE_FS ->
                text(body, STORE_NAME_BYTES)
                        .filter(name -> name.length() < STORE_NAME_BYTES)
                        .map(name -> new Request.MakeFs(head, in.u8(32), in.i64(24), name));
            case SHUTDOWN -> Optional.of(new Request.Shutdown(head));
            case STAT_SHEEP -> Optional.of(new Request.StatSheep(head));
            case STAT_CLUSTER -> Optional.of(new Request.StatCluster(head, room));
            case GET_VDI_ATTR ->
                when(body.length() == ObjectId.ATTR_BYTES, () -> new Request.GetVdiAttr(head, in.i32(32), body));
            case FORCE_RECOVER -> Optional.of(new Request.ForceRecover(head, room));
            case GET_STORE_LIST -> Optional.of(new Request.GetStoreList(head, room));
            case GET_WAITING -> Optional.of(new Request.GetWaiting(head, room));
            case DRAIN_NODE ->
                when(
                        0 <= in.i32(16) && in.i32(16) < DRAINS.length,
                        () -> new Request.DrainNode(head, DRAINS[in.i32(16)], room));
            case RECOVERY_PROGRESS -> Optional.of(new Request.GetProgress(head, room));
            case LOST_OBJECTS -> oids(body).map(oids -> new Request.LostObjects(head, in.i32(16) != 0, oids));
            case LIST_VDIS -> when(in.isVid(16), () -> new Request.ListVdis(head, new Vid(in.i32(16)), room));
            case GET_RECOVERY -> Optional.of(new Request.GetRecovery(head, room));
            case SET_RECOVERY ->
                when(body.length() == RecoveryLimit.BYTES, () -> {
                    var limit = RecoveryLimit.read(body.bytes());
                    return new Request.SetRecovery(head, limit.max(), limit.intervalMillis());
                });
            case SNAPSHOT -> Optional.of(new Request.Snapshot(head));
            case RESTORE -> Optional.of(new Request.Restore(head, in.i32(36)));
            case GET_SNAP_FILE -> Optional.of(new Request.GetSnapFile(head, room));
            case CLEANUP -> Optional.of(new Request.Cleanup(head));
            case STAT_RECOVERY -> Optional.of(new Request.StatRecovery(head));
            case KILL_NODE -> Optional.of(new Request.KillNode(head));
            case GET_OBJ_LIST -> Optional.of(new Request.GetObjList(head, new Epoch(in.i32(16)), room));
            case GET_EPOCH -> Optional.of(new Request.GetEpoch(head, new Epoch(in.i32(36)), room));
            case SET_CACHE_SIZE ->
                when(
                        body.length() == 4,
                        () -> new Request.SetCacheSize(
                                head,
                                body.bytes().order(ByteOrder.LITTLE_ENDIAN).getInt(0)));
            case ENABLE_RECOVER -> Optional.of(new Request.EnableRecover(head));
            case DISABLE_RECOVER -> Optional.of(new Request.DisableRecover(head));
            case MD_INFO -> Optional.of(new Request.MdInfo(head, room));
            case MD_PLUG -> text(body, DISK_PATHS_BYTES).map(paths -> new Request.MdPlug(head, paths));
            case MD_UNPLUG -> text(body, DISK_PATHS_BYTES).map(paths -> new Request.MdUnplug(head, paths));
            case HELLO -> hello(head, in, body);
            case PING -> Optional.of(new Ping(head));
            case READ_REPLICA ->
                when(
                        in.range32(head.dataLength()),
                        () -> new ReadReplica(head, in.oid(), in.i32(40), head.dataLength(), in.i64(24)));
            case WRITE_REPLICA ->
                when(
                        in.write32(head, body) && in.isMutation(),
                        () -> new WriteReplica(
                                head, in.oid(), in.i32(40), body, in.i64(24), in.i64(32), in.completed()));
            case CREATE_REPLICA ->
                when(
                        in.write32(head, body) && in.isMutation(),
                        () -> new CreateReplica(
                                head, in.oid(), in.i32(40), body, in.i64(24), in.i64(32), in.completed()));
            case REMOVE_REPLICA ->
                when(
                        in.oid().isValid() && in.isMutation(),
                        () -> new RemoveReplica(head, in.oid(), in.i64(24), in.i64(32), in.completed()));
            case DISCARD_REPLICA ->
                when(
                        in.range32(head.dataLength()) && in.isMutation(),
                        () -> new DiscardReplica(
                                head, in.oid(), in.i32(40), head.dataLength(), in.i64(24), in.i64(32), in.completed()));
            case COMPLETED_WRITES ->
                when(in.isVid(16), () -> new CompletedWrites(head, new Vid(in.i32(16)), in.i64(24), in.i64(32)));
            case IN_FLIGHT_OBJECTS ->
                when(in.isVid(16), () -> new InFlightObjects(head, new Vid(in.i32(16)), in.i64(24)));
            case SETTLE_OBJECT -> when(in.oid().isValid(), () -> new SettleObject(head, in.oid(), in.i64(24)));
            case STAT_OBJECT -> when(in.oid().isValid(), () -> new StatObject(head, in.oid()));
            case FETCH_OBJECT ->
                when(
                        in.oid().isValid()
                                && (body.length() == 0
                                        || body.length()
                                                == ObjectChanges.digestsLength(
                                                        in.oid().size())),
                        () -> new FetchObject(head, in.oid(), body));
            case LIST_OBJECTS ->
                when(
                        0 < in.i32(28) && in.i32(28) <= Protocol.LIST_COUNT_MAX,
                        () -> new ListObjects(
                                head,
                                in.i32(24) == 0 ? Optional.empty() : Optional.of(in.oid()),
                                in.i32(28),
                                in.i64(32)));
            case YIELD_OWNER -> when(in.isVid(16), () -> new YieldOwner(head, new Vid(in.i32(16)), in.i64(24)));
            // Of other versions, of tracing, or said only between the original's own daemons.
            case TRACE,
                    TRACE_READ_BUF,
                    TRACE_ENABLE,
                    TRACE_DISABLE,
                    NOTIFY_VDI_DEL,
                    NOTIFY_VDI_ADD,
                    GET_VDI_COPIES,
                    COMPLETE_RECOVERY,
                    FLUSH_NODES,
                    FLUSH_PEER,
                    GET_HASH,
                    REWEIGHT,
                    GET_CACHE_INFO,
                    CACHE_PURGE,
                    STAT,
                    GET_LOGLEVEL,
                    SET_LOGLEVEL,
                    NFS_CREATE,
                    NFS_DELETE,
                    EXIST,
                    CLUSTER_INFO,
                    ALTER_CLUSTER_COPY,
                    ALTER_VDI_COPY,
                    DECREF_OBJ,
                    DECREF_PEER,
                    PREVENT_INODE_UPDATE,
                    ALLOW_INODE_UPDATE,
                    REPAIR_REPLICA,
                    OIDS_EXIST,
                    VDI_STATE_CHECKPOINT_CTL,
                    INODE_COHERENCE,
                    READ_DEL_VDIS,
                    SET_VNODES,
                    GET_VNODES -> Optional.of(new Request.Unknown(head));
        };
    }

    /** {@link #encodeHeader(Request, int)} with the id that is in the request's header. */
    public static ByteBuffer encodeHeader(Request request) {
        return encodeHeader(request, request.header().id());
    }

    /**
     * The 48 bytes of a request. Version, epoch and flags come from its header, opcode and length from what it is; so do
     * the flags WRITE (it has a payload) and COW (it has a source).
     *
     * @param id instead of the one in the request's header
     * @return position 0, limit 48
     */
    public static ByteBuffer encodeHeader(Request request, int id) {
        Header given = request.header();
        int sent = bodyLengthOf(request);
        ByteBuffer out = ByteBuffer.allocate(Header.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        int room = putFields(request, out);
        new Header(
                        given.version(),
                        opcode(request),
                        flags(request, sent >= 0),
                        given.epoch(),
                        id,
                        sent < 0 ? room : sent)
                .put(out);
        return out;
    }

    /** The flags of the request's header, but for those that tell what it carries. */
    private static int flags(Request request, boolean hasBody) {
        int flags = request.header().flags();
        flags = hasBody ? flags | Flags.WRITE : flags & ~Flags.WRITE;
        return switch (request) {
            case Request.CreateObject create -> withCow(flags, create.cow().isPresent());
            case Request.CreatePeer create -> withCow(flags, create.cow().isPresent());
            default -> flags;
        };
    }

    private static int withCow(int flags, boolean hasSource) {
        return hasSource ? flags | Flags.COW : flags & ~Flags.COW;
    }

    /** The payload of a request; the one it owns, or a new one that needs no release. */
    public static Payload body(Request request) {
        return switch (request) {
            case Request.NewVdi vdi -> names(vdi.name());
            case Request.LockVdi vdi -> names(vdi.name(), vdi.tag());
            case Request.GetVdiInfo vdi -> names(vdi.name(), vdi.tag());
            case Request.DeleteVdi vdi -> names(vdi.name(), vdi.tag());
            case Request.MakeFs format -> terminated(format.storeName());
            case Request.MdPlug plug -> terminated(plug.paths());
            case Request.MdUnplug unplug -> terminated(unplug.paths());
            case Request.SetCacheSize size ->
                Payload.of(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(0, size.megabytes()));
            case Request.LostObjects lost -> {
                ByteBuffer out =
                        ByteBuffer.allocate(lost.oids().size() * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
                lost.oids().forEach(oid -> out.putLong(oid.bits()));
                yield Payload.of(out.flip());
            }
            case Request.SetRecovery set -> Payload.of(new RecoveryLimit(set.max(), set.intervalMillis()).encode());
            case Hello hello -> {
                byte[] proof = hello.authentication();
                ByteBuffer out = ByteBuffer.allocate(HELLO_BYTES + proof.length).order(ByteOrder.LITTLE_ENDIAN);
                out.put(hello.from().address())
                        .putShort((short) hello.from().port())
                        .putShort((short) proof.length)
                        .put(proof);
                yield Payload.of(out.flip());
            }
            default -> request.data();
        };
    }

    /** Bytes of payload, or -1 if the operation has none. */
    private static int bodyLengthOf(Request request) {
        return switch (request) {
            case Request.WriteObject write -> write.data().length();
            case Request.CreateObject create -> create.data().length();
            case Request.WritePeer write -> write.data().length();
            case Request.CreatePeer create -> create.data().length();
            case WriteReplica write -> write.data().length();
            case CreateReplica create -> create.data().length();
            case FetchObject fetch -> fetch.data().length();
            case Request.GetVdiAttr attr -> attr.data().length();
            case Request.NewVdi _ -> VdiName.BYTES;
            case Request.LockVdi _ -> 2 * VdiName.BYTES;
            case Request.GetVdiInfo _ -> 2 * VdiName.BYTES;
            case Request.DeleteVdi _ -> 2 * VdiName.BYTES;
            case Request.MakeFs format -> format.storeName().length() + 1;
            case Request.MdPlug plug -> plug.paths().length() + 1;
            case Request.MdUnplug unplug -> unplug.paths().length() + 1;
            case Request.SetCacheSize _ -> 4;
            case Request.LostObjects lost -> lost.oids().size() * Long.BYTES;
            case Request.SetRecovery _ -> RecoveryLimit.BYTES;
            case Hello hello -> HELLO_BYTES + hello.authentication().length;
            default -> -1;
        };
    }

    static int opcode(Request request) {
        Opcode opcode = switch (request) {
            case Request.ReadObject _ -> Opcode.READ_OBJ;
            case Request.WriteObject _ -> Opcode.WRITE_OBJ;
            case Request.CreateObject _ -> Opcode.CREATE_AND_WRITE_OBJ;
            case Request.RemoveObject _ -> Opcode.REMOVE_OBJ;
            case Request.DiscardObject _ -> Opcode.DISCARD_OBJ;
            case Request.NewVdi _ -> Opcode.NEW_VDI;
            case Request.LockVdi _ -> Opcode.LOCK_VDI;
            case Request.GetVdiInfo _ -> Opcode.GET_VDI_INFO;
            case Request.ReleaseVdi _ -> Opcode.RELEASE_VDI;
            case Request.ReadVdis _ -> Opcode.READ_VDIS;
            case Request.FlushVdi _ -> Opcode.FLUSH_VDI;
            case Request.DeleteVdi _ -> Opcode.DEL_VDI;
            case Request.GetClusterDefault _ -> Opcode.GET_CLUSTER_DEFAULT;
            case Request.GetNodeList _ -> Opcode.GET_NODE_LIST;
            case Request.MakeFs _ -> Opcode.MAKE_FS;
            case Request.Shutdown _ -> Opcode.SHUTDOWN;
            case Request.StatSheep _ -> Opcode.STAT_SHEEP;
            case Request.StatCluster _ -> Opcode.STAT_CLUSTER;
            case Request.GetVdiAttr _ -> Opcode.GET_VDI_ATTR;
            case Request.ForceRecover _ -> Opcode.FORCE_RECOVER;
            case Request.GetStoreList _ -> Opcode.GET_STORE_LIST;
            case Request.GetWaiting _ -> Opcode.GET_WAITING;
            case Request.DrainNode _ -> Opcode.DRAIN_NODE;
            case Request.GetProgress _ -> Opcode.RECOVERY_PROGRESS;
            case Request.LostObjects _ -> Opcode.LOST_OBJECTS;
            case Request.ListVdis _ -> Opcode.LIST_VDIS;
            case Request.GetRecovery _ -> Opcode.GET_RECOVERY;
            case Request.SetRecovery _ -> Opcode.SET_RECOVERY;
            case Request.Snapshot _ -> Opcode.SNAPSHOT;
            case Request.Restore _ -> Opcode.RESTORE;
            case Request.GetSnapFile _ -> Opcode.GET_SNAP_FILE;
            case Request.Cleanup _ -> Opcode.CLEANUP;
            case Request.StatRecovery _ -> Opcode.STAT_RECOVERY;
            case Request.FlushDelCache _ -> Opcode.FLUSH_DEL_CACHE;
            case Request.KillNode _ -> Opcode.KILL_NODE;
            case Request.GetObjList _ -> Opcode.GET_OBJ_LIST;
            case Request.GetEpoch _ -> Opcode.GET_EPOCH;
            case Request.CreatePeer _ -> Opcode.CREATE_AND_WRITE_PEER;
            case Request.ReadPeer _ -> Opcode.READ_PEER;
            case Request.WritePeer _ -> Opcode.WRITE_PEER;
            case Request.RemovePeer _ -> Opcode.REMOVE_PEER;
            case Request.SetCacheSize _ -> Opcode.SET_CACHE_SIZE;
            case Request.EnableRecover _ -> Opcode.ENABLE_RECOVER;
            case Request.DisableRecover _ -> Opcode.DISABLE_RECOVER;
            case Request.DeleteCache _ -> Opcode.DELETE_CACHE;
            case Request.MdInfo _ -> Opcode.MD_INFO;
            case Request.MdPlug _ -> Opcode.MD_PLUG;
            case Request.MdUnplug _ -> Opcode.MD_UNPLUG;
            case Hello _ -> Opcode.HELLO;
            case Ping _ -> Opcode.PING;
            case ReadReplica _ -> Opcode.READ_REPLICA;
            case WriteReplica _ -> Opcode.WRITE_REPLICA;
            case CreateReplica _ -> Opcode.CREATE_REPLICA;
            case RemoveReplica _ -> Opcode.REMOVE_REPLICA;
            case DiscardReplica _ -> Opcode.DISCARD_REPLICA;
            case CompletedWrites _ -> Opcode.COMPLETED_WRITES;
            case InFlightObjects _ -> Opcode.IN_FLIGHT_OBJECTS;
            case SettleObject _ -> Opcode.SETTLE_OBJECT;
            case StatObject _ -> Opcode.STAT_OBJECT;
            case FetchObject _ -> Opcode.FETCH_OBJECT;
            case ListObjects _ -> Opcode.LIST_OBJECTS;
            case YieldOwner _ -> Opcode.YIELD_OWNER;
            case Request.Unknown _ -> null;
        };
        return opcode == null ? request.header().opcode() : opcode.code();
    }

    /** Writes what lies behind the common part; returns the room that is offered for the answer. */
    private static int putFields(Request request, ByteBuffer out) {
        return switch (request) {
            case Request.ReadObject r -> putObject(out, r.oid(), Optional.empty(), r.copies(), r.offset(), r.length());
            case Request.ReadPeer r -> {
                out.putInt(36, r.targetEpoch().number());
                yield putObject(out, r.oid(), Optional.empty(), r.copies(), r.offset(), r.length());
            }
            case Request.WriteObject w -> putObject(out, w.oid(), Optional.empty(), w.copies(), w.offset(), 0);
            case Request.WritePeer w -> putObject(out, w.oid(), Optional.empty(), w.copies(), w.offset(), 0);
            case Request.CreateObject c -> putObject(out, c.oid(), c.cow(), c.copies(), c.offset(), 0);
            case Request.CreatePeer c -> putObject(out, c.oid(), c.cow(), c.copies(), c.offset(), 0);
            case Request.RemoveObject r -> putOid(out, r.oid());
            case Request.RemovePeer r -> putOid(out, r.oid());
            case Request.DiscardObject d -> putOid(out, d.oid());
            case Request.FlushVdi f -> putOid(out, f.oid());
            case Request.FlushDelCache f -> putOid(out, f.oid());
            case Request.DeleteCache d -> putOid(out, d.oid());
            case Request.NewVdi v -> {
                out.putLong(16, v.sizeBytes());
                out.putInt(24, v.base().value());
                out.put(28, (byte) v.copies());
                out.put(29, (byte) v.copyPolicy());
                out.put(30, (byte) v.storePolicy());
                out.put(31, (byte) v.blockSizeShift());
                out.putInt(32, v.snapshot() ? 1 : 0);
                yield 0;
            }
            case Request.LockVdi v -> {
                out.putInt(32, v.snapId());
                out.putInt(36, v.lockType());
                yield 0;
            }
            case Request.GetVdiInfo v -> putSnapId(out, v.snapId());
            case Request.DeleteVdi v -> putSnapId(out, v.snapId());
            case Request.GetVdiAttr v -> putSnapId(out, v.snapId());
            case Request.ReleaseVdi v -> {
                out.putInt(24, v.vid().value());
                yield 0;
            }
            case Request.MakeFs m -> {
                out.putLong(24, m.ctime());
                out.put(32, (byte) m.copies());
                yield 0;
            }
            case Request.Restore r -> {
                out.putInt(36, r.number());
                yield 0;
            }
            case Request.GetObjList l -> {
                out.putInt(16, l.targetEpoch().number());
                yield l.lengthMax();
            }
            case Request.GetEpoch e -> {
                out.putInt(36, e.targetEpoch().number());
                yield e.lengthMax();
            }
            case Request.ReadVdis r -> r.lengthMax();
            case Request.GetNodeList r -> r.lengthMax();
            case Request.StatCluster r -> r.lengthMax();
            case Request.ForceRecover r -> r.lengthMax();
            case Request.GetStoreList r -> r.lengthMax();
            case Request.GetWaiting r -> r.lengthMax();
            case Request.DrainNode d -> {
                out.putInt(16, d.how().ordinal());
                yield d.lengthMax();
            }
            case Request.LostObjects r -> {
                out.putInt(16, r.lookOnly() ? 1 : 0);
                yield 0;
            }
            case Request.ListVdis r -> {
                out.putInt(16, r.after().value());
                yield r.lengthMax();
            }
            case Request.GetProgress r -> r.lengthMax();
            case Request.GetRecovery r -> r.lengthMax();
            case Request.GetSnapFile r -> r.lengthMax();
            case Request.MdInfo r -> r.lengthMax();
            case Request.Unknown u -> u.header().dataLength();
            case Hello h -> {
                out.putInt(16, h.version());
                out.putLong(24, h.clusterCtime());
                out.putLong(32, h.storeId());
                out.putLong(40, h.incarnation());
                yield 0;
            }
            case ReadReplica r -> {
                out.putLong(16, r.oid().bits());
                out.putLong(24, r.generation());
                out.putInt(40, r.offset());
                yield r.length();
            }
            case WriteReplica w ->
                putMutation(out, w.oid(), w.offset(), w.generation(), w.sequence(), w.completed(), 0);
            case CreateReplica c ->
                putMutation(out, c.oid(), c.offset(), c.generation(), c.sequence(), c.completed(), 0);
            case RemoveReplica r -> putMutation(out, r.oid(), 0, r.generation(), r.sequence(), r.completed(), 0);
            case DiscardReplica d ->
                putMutation(out, d.oid(), d.offset(), d.generation(), d.sequence(), d.completed(), d.length());
            case CompletedWrites c -> {
                out.putInt(16, c.vid().value());
                out.putLong(24, c.generation());
                out.putLong(32, c.through());
                yield 0;
            }
            case InFlightObjects f -> {
                out.putInt(16, f.vid().value());
                out.putLong(24, f.generation());
                yield Protocol.LIST_COUNT_MAX * Long.BYTES;
            }
            case SettleObject s -> {
                out.putLong(24, s.generation());
                yield putOid(out, s.oid());
            }
            case StatObject s -> putOid(out, s.oid());
            case FetchObject f -> putOid(out, f.oid());
            case ListObjects l -> {
                l.after().ifPresent(after -> {
                    out.putLong(16, after.bits());
                    out.putInt(24, 1);
                });
                out.putInt(28, l.countMax());
                out.putLong(32, l.forStore());
                yield l.countMax() * ResponseCodec.VERSION_BYTES;
            }
            case YieldOwner y -> {
                out.putInt(16, y.vid().value());
                out.putLong(24, y.generation());
                yield 0;
            }
            case Request.GetClusterDefault _,
                    Request.Shutdown _,
                    Request.StatSheep _,
                    Request.Snapshot _,
                    Request.Cleanup _,
                    Request.StatRecovery _,
                    Request.SetRecovery _,
                    Request.KillNode _,
                    Request.SetCacheSize _,
                    Request.EnableRecover _,
                    Request.DisableRecover _,
                    Request.MdPlug _,
                    Request.MdUnplug _,
                    Ping _ -> 0;
        };
    }

    private static int putObject(
            ByteBuffer out, ObjectId oid, Optional<ObjectId> cow, int copies, int offset, int length) {
        out.putLong(16, oid.bits());
        cow.ifPresent(source -> out.putLong(24, source.bits()));
        out.put(32, (byte) copies);
        out.putLong(40, offset);
        return length;
    }

    private static int putOid(ByteBuffer out, ObjectId oid) {
        out.putLong(16, oid.bits());
        return 0;
    }

    private static int putSnapId(ByteBuffer out, int snapId) {
        out.putInt(32, snapId);
        return 0;
    }

    private static int putMutation(
            ByteBuffer out, ObjectId oid, int offset, long generation, long sequence, long completed, int length) {
        out.putLong(16, oid.bits());
        out.putLong(24, generation);
        out.putLong(32, sequence);
        out.putInt(40, offset);
        out.putInt(44, (int) Math.min(sequence - completed, 0xffff_ffffL));
        return length;
    }

    private static Optional<Request> hello(Header head, Fields in, Payload body) {
        if (body.length() < HELLO_BYTES) {
            return Optional.empty();
        }
        ByteBuffer bytes = body.bytes().order(ByteOrder.LITTLE_ENDIAN);
        byte[] address = new byte[16];
        bytes.get(0, address);
        int port = Short.toUnsignedInt(bytes.getShort(16));
        int proofLength = Short.toUnsignedInt(bytes.getShort(18));
        if (proofLength > Protocol.AUTHENTICATION_BYTES_MAX || body.length() != HELLO_BYTES + proofLength) {
            return Optional.empty();
        }
        byte[] proof = new byte[proofLength];
        bytes.get(HELLO_BYTES, proof);
        return Optional.of(
                new Hello(head, in.i32(16), in.i64(24), in.i64(32), in.i64(40), new NodeId(address, port), proof));
    }

    private static Optional<List<ObjectId>> oids(Payload body) {
        int count = body.length() / Long.BYTES;
        if (count == 0 || Request.LostObjects.COUNT_MAX < count || body.length() % Long.BYTES != 0) {
            return Optional.empty();
        }
        ByteBuffer in = body.bytes().order(ByteOrder.LITTLE_ENDIAN);
        var oids = new ArrayList<ObjectId>();
        for (int i = 0; i < count; i++) {
            oids.add(new ObjectId(in.getLong(i * Long.BYTES)));
        }
        return oids.stream().allMatch(ObjectId::isValid) ? Optional.of(oids) : Optional.empty();
    }

    private static boolean isNameAndTag(Payload body) {
        return body.length() == VdiName.BYTES || body.length() == 2 * VdiName.BYTES;
    }

    private static VdiName name(Payload body) {
        return VdiName.read(body.bytes(), 0);
    }

    private static VdiName tag(Payload body) {
        return body.length() < 2 * VdiName.BYTES ? VdiName.EMPTY : VdiName.read(body.bytes(), VdiName.BYTES);
    }

    private static Payload names(VdiName... names) {
        ByteBuffer out = ByteBuffer.allocate(names.length * VdiName.BYTES);
        for (int i = 0; i < names.length; i++) {
            names[i].put(out, i * VdiName.BYTES);
        }
        return Payload.of(out);
    }

    /** The bytes up to the first zero, one char each; empty if there are more than {@code lengthMax}. */
    private static Optional<String> text(Payload body, int lengthMax) {
        if (body.length() > lengthMax) {
            return Optional.empty();
        }
        byte[] bytes = new byte[body.length()];
        body.bytes().get(bytes);
        String all = new String(bytes, StandardCharsets.ISO_8859_1);
        int end = all.indexOf('\0');
        return Optional.of(end < 0 ? all : all.substring(0, end));
    }

    private static Payload terminated(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        return Payload.of(ByteBuffer.allocate(bytes.length + 1).put(bytes).rewind());
    }

    private static Optional<Request> when(boolean wellFormed, Supplier<Request> request) {
        return wellFormed ? Optional.of(request.get()) : Optional.empty();
    }

    /** The fields of a header, and the checks that several operations share. */
    private record Fields(ByteBuffer bytes) {
        int u8(int at) {
            return Byte.toUnsignedInt(bytes.get(at));
        }

        int i32(int at) {
            return bytes.getInt(at);
        }

        long i64(int at) {
            return bytes.getLong(at);
        }

        ObjectId oid() {
            return new ObjectId(i64(16));
        }

        int offset() {
            return (int) i64(40);
        }

        boolean isVid(int at) {
            return 0 <= i32(at) && i32(at) < Vid.COUNT;
        }

        /** Whether the object can exist, and {@code length} bytes at a 64-bit offset lie inside of it. */
        boolean range(int length) {
            return isInside(i64(40), length);
        }

        /** Likewise with a 32-bit offset. */
        boolean range32(int length) {
            return isInside(i32(40), length);
        }

        boolean write(Header head, Payload body) {
            return isWrite(head) && range(body.length());
        }

        boolean write32(Header head, Payload body) {
            return isWrite(head) && range32(body.length());
        }

        /** Outer empty if the source cannot exist; inner empty without the COW flag. */
        Optional<Optional<ObjectId>> cow(Header head) {
            if (!head.has(Flags.COW)) {
                return Optional.of(Optional.empty());
            }
            ObjectId source = new ObjectId(i64(24));
            return source.isValid() && source.size() == oid().size()
                    ? Optional.of(Optional.of(source))
                    : Optional.empty();
        }

        boolean isMutation() {
            return i64(32) > 0 && behind() > 0 && completed() >= 0;
        }

        long completed() {
            return behind() == 0xffff_ffffL ? 0 : i64(32) - behind();
        }

        private long behind() {
            return Integer.toUnsignedLong(i32(44));
        }

        /** A client that forgot the flag sends a length, but no bytes. */
        private static boolean isWrite(Header head) {
            return head.isWrite() || head.dataLength() == 0;
        }

        private boolean isInside(long offset, int length) {
            ObjectId oid = oid();
            return oid.isValid() && 0 <= offset && 0 <= length && offset <= oid.size() - length;
        }
    }
}
