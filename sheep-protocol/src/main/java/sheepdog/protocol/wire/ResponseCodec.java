package sheepdog.protocol.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.Vid;

/**
 * Responses between messages and bytes. Pure; any thread. A client finds the request by the id in {@link Header#read},
 * reads as many bytes as the header says, and decodes by the request's opcode.
 */
public final class ResponseCodec {
    /** Of each object in a list. */
    public static final int VERSION_BYTES = 16;

    private static final int ENDPOINT_BYTES = 18;

    private ResponseCodec() {}

    /**
     * An encoded response, ready to be sent in this order.
     *
     * @param header position 0, limit 48
     * @param body   the response's own payload, or one that needs no release; to be released after it was written
     */
    public record Encoded(ByteBuffer header, Payload body) {}

    /**
     * Encodes an answer; takes the response over.
     *
     * <p>Clients read no more than they made room for, and lose the stream if there is more: an answer too long for
     * that becomes BUFFER_SMALL.
     *
     * @param request what is answered: its opcode and id go back
     * @param epoch   the sheep's current one
     */
    public static Encoded encode(Response response, Header request, Epoch epoch) {
        Payload body = body(response);
        if (body.length() > room(request)) {
            response.release();
            return encode(Response.of(ResultCode.BUFFER_SMALL), request, epoch);
        }
        ByteBuffer out = ByteBuffer.allocate(Header.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        new Header(0, request.opcode(), 0, epoch, request.id(), body.length()).put(out);
        out.putInt(16, response.result().code());
        switch (response) {
            case Response.Plain _, Response.Data _, Response.ObjectIds _, Response.ObjectVersions _ -> {}
            case Response.ObjectData read -> {
                out.putInt(20, read.copies());
                out.putLong(24, read.offset());
            }
            case Response.VdiInfo vdi -> {
                out.putInt(24, vdi.vid().value());
                out.putInt(28, vdi.attrId());
                out.put(32, (byte) vdi.copies());
                out.put(33, (byte) vdi.blockSizeShift());
            }
            case Response.NodeStat stat -> {
                out.putInt(20, stat.nodeCount());
                out.putInt(24, stat.localIndex());
                out.putInt(28, stat.masterIndex());
                out.putLong(32, stat.storeSize());
                out.putLong(40, stat.storeFree());
            }
            case Response.ClusterDefault fallback -> {
                out.put(20, (byte) fallback.copies());
                out.put(21, (byte) fallback.copyPolicy());
                out.put(22, (byte) fallback.blockSizeShift());
            }
            case Response.ObjectState state -> {
                out.put(20, (byte) state.kind().ordinal());
                out.put(21, (byte) (state.marked() ? 1 : 0));
                out.putInt(24, state.epoch().number());
                out.putInt(28, state.forgotten().number());
                out.putInt(32, state.mutated().number());
            }
            case Response.ObjectCopy copy -> {
                out.put(20, (byte) (copy.marked() ? 1 : 0));
                out.putInt(24, copy.mutated().number());
            }
            case Response.HelloReply hello -> {
                out.putInt(20, hello.version());
                out.putLong(24, hello.clusterCtime());
                out.putLong(32, hello.storeId());
                out.putLong(40, hello.incarnation());
            }
        }
        return new Encoded(out, body);
    }

    /**
     * Makes a response of its bytes. A result other than SUCCESS gives {@link Response.Plain}, or {@link Response.Data}
     * if there is a payload; a hello's answer is always whole.
     *
     * @param opcode of the request
     * @param header 48 bytes from the position, left as they are
     * @param body   as long as the header says; taken over: the response owns it, or it has been released
     * @return {@code INVALID_PARMS} for what is malformed; result codes without a name become UNKNOWN
     */
    public static Outcome<Response> decode(int opcode, ByteBuffer header, Payload body) {
        ByteBuffer in = header.slice().order(ByteOrder.LITTLE_ENDIAN);
        Header head = Header.read(in);
        Optional<Response> response = body.length() == Integer.toUnsignedLong(head.dataLength())
                ? decodeBody(opcode, in, body)
                : Optional.empty();
        if (response.isEmpty() || response.get().data() != body) {
            body.release();
        }
        return response.map(Outcome::ok).orElseGet(() -> Outcome.refused(ResultCode.INVALID_PARMS));
    }

    /** Largest payload that an answer to {@code request} may have; a client reads no more than this. */
    public static long room(Header request) {
        if (request.opcode() == Opcode.HELLO.code()) {
            return ENDPOINT_BYTES;
        }
        if (request.opcode() == Opcode.FETCH_OBJECT.code()) {
            return ObjectChanges.BYTES_MAX;
        }
        return Integer.toUnsignedLong(request.dataLength());
    }

    private static Optional<Response> decodeBody(int opcode, ByteBuffer in, Payload body) {
        ResultCode result = ResultCode.of(in.getInt(16)).orElse(ResultCode.UNKNOWN);
        Opcode operation = Opcode.of(opcode).orElse(null);
        if (operation == Opcode.HELLO && body.length() == ENDPOINT_BYTES) {
            return Optional.of(hello(result, in, body.bytes().order(ByteOrder.LITTLE_ENDIAN)));
        }
        if (operation == null || operation == Opcode.HELLO || result != ResultCode.SUCCESS) {
            return Optional.of(plain(result, body));
        }
        return switch (operation) {
            case READ_OBJ, READ_PEER, READ_REPLICA -> {
                long offset = in.getLong(24);
                yield 0 <= offset && offset <= ObjectId.INODE_BYTES
                        ? Optional.of(new Response.ObjectData(result, in.get(20) & 0xff, (int) offset, body))
                        : Optional.empty();
            }
            case NEW_VDI, LOCK_VDI, GET_VDI_INFO, GET_VDI_ATTR -> {
                int vid = in.getInt(24);
                yield 0 <= vid && vid < Vid.COUNT
                        ? Optional.of(new Response.VdiInfo(
                                result, new Vid(vid), in.getInt(28), in.get(32) & 0xff, in.get(33) & 0xff))
                        : Optional.empty();
            }
            case GET_NODE_LIST, STAT_SHEEP ->
                Optional.of(new Response.NodeStat(
                        result, in.getInt(20), in.getInt(24), in.getInt(28), in.getLong(32), in.getLong(40), body));
            case GET_CLUSTER_DEFAULT ->
                Optional.of(
                        new Response.ClusterDefault(result, in.get(20) & 0xff, in.get(21) & 0xff, in.get(22) & 0xff));
            case IN_FLIGHT_OBJECTS ->
                body.length() % Long.BYTES == 0
                        ? Optional.of(new Response.ObjectIds(result, oids(body)))
                        : Optional.empty();
            case STAT_OBJECT -> objectState(result, in);
            case FETCH_OBJECT ->
                Optional.of(new Response.ObjectCopy(result, in.get(20) != 0, new Epoch(in.getInt(24)), body));
            case LIST_OBJECTS ->
                body.length() % VERSION_BYTES == 0
                        ? Optional.of(new Response.ObjectVersions(result, versions(body)))
                        : Optional.empty();
            default -> Optional.of(plain(result, body));
        };
    }

    private static Optional<Response> objectState(ResultCode result, ByteBuffer in) {
        return Response.ObjectState.Kind.of(in.get(20) & 0xff)
                .map(kind -> new Response.ObjectState(
                        result,
                        kind,
                        new Epoch(in.getInt(24)),
                        in.get(21) != 0,
                        new Epoch(in.getInt(28)),
                        new Epoch(in.getInt(32))));
    }

    private static Response plain(ResultCode result, Payload body) {
        return body.length() == 0 ? Response.of(result) : new Response.Data(result, body);
    }

    private static Response hello(ResultCode result, ByteBuffer in, ByteBuffer endpoint) {
        byte[] address = new byte[16];
        endpoint.get(0, address);
        NodeId from = new NodeId(address, Short.toUnsignedInt(endpoint.getShort(16)));
        return new Response.HelloReply(result, in.getInt(20), in.getLong(24), in.getLong(32), in.getLong(40), from);
    }

    private static Payload body(Response response) {
        return switch (response) {
            case Response.HelloReply hello ->
                Payload.of(ByteBuffer.allocate(ENDPOINT_BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .put(hello.from().address())
                        .putShort((short) hello.from().port())
                        .flip());
            case Response.ObjectIds list -> {
                ByteBuffer out =
                        ByteBuffer.allocate(list.oids().size() * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
                list.oids().forEach(oid -> out.putLong(oid.bits()));
                yield Payload.of(out.flip());
            }
            case Response.ObjectVersions list -> {
                ByteBuffer out = ByteBuffer.allocate(list.objects().size() * VERSION_BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN);
                list.objects()
                        .forEach(object -> out.putLong(object.oid().bits())
                                .putInt(object.epoch().number())
                                .putInt(0));
                yield Payload.of(out.flip());
            }
            default -> response.data();
        };
    }

    private static List<ObjectId> oids(Payload body) {
        ByteBuffer in = body.bytes().order(ByteOrder.LITTLE_ENDIAN);
        List<ObjectId> oids = new ArrayList<>(in.remaining() / Long.BYTES);
        while (in.hasRemaining()) {
            oids.add(new ObjectId(in.getLong()));
        }
        return oids;
    }

    private static List<Response.ObjectVersions.Version> versions(Payload body) {
        ByteBuffer in = body.bytes().order(ByteOrder.LITTLE_ENDIAN);
        List<Response.ObjectVersions.Version> objects = new ArrayList<>(in.remaining() / VERSION_BYTES);
        while (in.hasRemaining()) {
            objects.add(new Response.ObjectVersions.Version(new ObjectId(in.getLong()), new Epoch(in.getInt())));
            in.getInt();
        }
        return objects;
    }
}
