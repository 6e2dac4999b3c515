package sheepdog.collie.client;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import sheepdog.collie.cli.Dates;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.RequestCodec;
import sheepdog.protocol.wire.Response;
import sheepdog.protocol.wire.ResponseCodec;

/**
 * Requests to one sheep, one at a time; each call waits for its answer. One thread.
 *
 * <p>The original opens a connection for every request. Here that is so for requests that must not be carried out
 * twice; reads and writes of objects share one, and are repeated once on a new one if it broke, for a sheep may have
 * closed it meanwhile.
 */
public final class SheepClient implements AutoCloseable {
    private static final int RESULT_OFFSET = 16;

    private final SheepAddress address;
    private final Network network;
    private final Dates dates;
    private final InstantSource clock;
    private final Consumer<String> slow;
    private Optional<Connection> kept = Optional.empty();

    /**
     * @param clock for the time in complaints
     * @param slow  is given a line for the user about an answer that is long in coming, perhaps several times
     */
    public SheepClient(SheepAddress address, Network network, Dates dates, InstantSource clock, Consumer<String> slow) {
        this.address = address;
        this.network = network;
        this.dates = dates;
        this.clock = clock;
        this.slow = slow;
    }

    /** Asks on a connection of its own. */
    public Reply once(Request request) throws SheepUnreachable {
        try (var connection = connect()) {
            send(connection, request);
            return receive(connection, request, ByteBuffer.allocate(0));
        }
    }

    /**
     * Tells the sheep to end, on a connection of its own, and if it will, waits for that as long as the network's limits
     * allow.
     */
    public Reply last(Request request) throws SheepUnreachable {
        try (var connection = connect()) {
            send(connection, request);
            Reply reply = receive(connection, request, ByteBuffer.allocate(0));
            if (reply.isSuccess()) {
                awaitEnd(connection);
            }
            return reply;
        }
    }

    private static void awaitEnd(Connection connection) {
        try {
            connection.awaitEnd();
        } catch (IOException _) {
            // Reset: that is an end, too.
        }
    }

    /**
     * Asks for a list of records too long to be kept, on a connection of its own.
     *
     * @param recordBytes size of each record; a rest that is shorter is left out
     * @param each        is given every record as it arrives, little endian; the buffer is used again
     */
    public Reply once(Request request, int recordBytes, Consumer<ByteBuffer> each) throws SheepUnreachable {
        try (var connection = connect()) {
            send(connection, request);
            var header = header(connection, request);
            long rest = Integer.toUnsignedLong(Header.read(header).dataLength());
            var buffer = ByteBuffer.allocate(recordBytes).order(ByteOrder.LITTLE_ENDIAN);
            for (; rest >= recordBytes; rest -= recordBytes) {
                read(connection, request, buffer.clear());
                each.accept(buffer.flip());
            }
            int result = header.getInt(RESULT_OFFSET);
            return new Reply(Response.success(), result, Header.read(header).epoch());
        }
    }

    /**
     * Asks on the connection that is kept.
     *
     * @param request does no harm if it is carried out twice
     * @param scratch takes the answer's payload if it is large enough; valid until the next use of it
     */
    public Reply repeatable(Request request, ByteBuffer scratch) throws SheepUnreachable {
        boolean fresh = kept.isEmpty();
        if (fresh) {
            kept = Optional.of(connect());
        }
        try {
            send(kept.get(), request);
            return receive(kept.get(), request, scratch);
        } catch (SheepUnreachable broken) {
            close();
            if (fresh || broken.isLate()) {
                throw broken;
            }
            return repeatable(request, scratch);
        }
    }

    /** Ends the connection that is kept, if any. */
    @Override
    public void close() {
        kept.ifPresent(Connection::close);
        kept = Optional.empty();
    }

    private Connection connect() throws SheepUnreachable {
        var lines = new ArrayList<String>();
        for (SocketAddress candidate : resolve()) {
            try {
                return Connection.open(candidate, network);
            } catch (IOException failed) {
                lines.add(log("connect_to(251) failed to connect to " + address + ": " + failed.getMessage()));
            }
        }
        lines.add("Failed to connect to " + address);
        throw new SheepUnreachable(lines);
    }

    private List<SocketAddress> resolve() throws SheepUnreachable {
        try {
            return network.resolver().resolve(address);
        } catch (UnknownHostException unknown) {
            String message = String.valueOf(unknown.getMessage());
            String reason = message.substring(message.indexOf(": ") < 0 ? 0 : message.indexOf(": ") + 2);
            throw unresolved(reason);
        } catch (IOException failed) {
            throw unresolved(failed.getMessage());
        }
    }

    private SheepUnreachable unresolved(String reason) {
        return new SheepUnreachable(List.of(
                log("connect_to(212) failed to get address info: " + reason), "Failed to connect to " + address));
    }

    private void send(Connection connection, Request request) throws SheepUnreachable {
        try {
            connection.write(
                    RequestCodec.encodeHeader(request),
                    RequestCodec.body(request).bytes());
        } catch (IOException failed) {
            throw new SheepUnreachable(List.of(log("exec_req(394) failed to send a request: " + failed.getMessage())));
        }
    }

    private Reply receive(Connection connection, Request request, ByteBuffer scratch) throws SheepUnreachable {
        var header = header(connection, request);
        int length = Header.read(header).dataLength();
        ByteBuffer body = length <= scratch.capacity() ? scratch.clear().limit(length) : ByteBuffer.allocate(length);
        read(connection, request, body);
        int opcode = RequestCodec.encodeHeader(request).get(1) & 0xff;
        return switch (ResponseCodec.decode(opcode, header, Payload.of(body.flip()))) {
            case Outcome.Ok<Response> ok ->
                new Reply(
                        ok.value(),
                        header.getInt(RESULT_OFFSET),
                        Header.read(header).epoch());
            case Outcome.Refused<Response> _ -> throw new SheepUnreachable(List.of(malformed()));
        };
    }

    /** The answer's header; more payload than there is room for is refused before it is read. */
    private ByteBuffer header(Connection connection, Request request) throws SheepUnreachable {
        var header = ByteBuffer.allocate(Header.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        read(connection, request, header);
        header.flip();
        long room = ResponseCodec.room(Header.read(RequestCodec.encodeHeader(request)));
        if (Integer.toUnsignedLong(Header.read(header).dataLength()) > Math.min(room, Integer.MAX_VALUE)) {
            throw new SheepUnreachable(List.of(malformed()));
        }
        return header;
    }

    private void read(Connection connection, Request request, ByteBuffer into) throws SheepUnreachable {
        try {
            connection.read(into, () -> slow.accept(awaited(request)));
        } catch (EOFException closed) {
            throw unread("0, " + closed.getMessage(), false);
        } catch (IOException failed) {
            throw unread("-1, " + failed.getMessage(), failed instanceof SocketTimeoutException);
        }
    }

    private SheepUnreachable unread(String reason, boolean late) {
        var lines = List.of(
                log("do_read(291) failed to read from socket: " + reason),
                log("exec_req(399) failed to read a response"));
        return new SheepUnreachable(lines, late);
    }

    private String awaited(Request request) {
        String what = switch (request) {
            case Request.ReadObject read -> "read object " + hex(read.oid());
            case Request.WriteObject write -> "write object " + hex(write.oid());
            case Request.CreateObject create -> "write object " + hex(create.oid());
            default -> "answer";
        };
        return "waiting for " + address + " to " + what + ", ^C ends";
    }

    private static String hex(ObjectId oid) {
        return Long.toHexString(oid.bits());
    }

    private String malformed() {
        return log("exec_req(404) a response of " + address + " makes no sense");
    }

    /** A line as the log has it; function and line number are the original's, which scripts have seen there. */
    private String log(String text) {
        return dates.logTime(clock.instant().getEpochSecond()) + " [main] " + text;
    }
}
