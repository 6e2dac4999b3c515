package sheepdog.it.sim;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.RequestCodec;
import sheepdog.protocol.wire.Response;
import sheepdog.protocol.wire.ResponseCodec;

/**
 * The asking end of a connection: requests out, answers in any order, each given to who asked. On the loop of its
 * process.
 */
final class SimRequests implements SimSocket.Handler {
    private final SimSocket socket;
    private final SimPayloads payloads;
    private final Runnable ended;
    private final TreeMap<Integer, Waiting> waiting = new TreeMap<>();
    private int lastId;

    private record Waiting(int opcode, Consumer<Optional<Response>> answer) {}

    /** @param ended is told, after those who wait, that the connection has ended */
    SimRequests(SimSocket socket, SimPayloads payloads, Runnable ended) {
        this.socket = socket;
        this.payloads = payloads;
        this.ended = ended;
    }

    /**
     * Sends a request, whose payload stays the caller's.
     *
     * @param answer is given the response, or nothing if the connection ended first
     * @return the request's number on this connection
     */
    int send(Request request, Consumer<Optional<Response>> answer) {
        int id = ++lastId;
        ByteBuffer header = RequestCodec.encodeHeader(request, id);
        Payload body = RequestCodec.body(request);
        byte[] bytes = new byte[Header.BYTES + body.length()];
        header.get(0, bytes, 0, Header.BYTES);
        body.bytes().get(bytes, Header.BYTES, bytes.length - Header.BYTES);
        waiting.put(id, new Waiting(Header.read(header).opcode(), answer));
        socket.send(bytes);
        return id;
    }

    /** Whoever waits for this answer no longer does; if it comes, it is dropped. */
    void forget(int id) {
        waiting.computeIfPresent(
                id, (_, asked) -> new Waiting(asked.opcode, late -> late.ifPresent(Response::release)));
    }

    boolean isOpen() {
        return socket.isOpen();
    }

    /** Closes the connection; those who wait are told that it ended. */
    void close() {
        socket.close();
        giveUp();
    }

    @Override
    public void received(byte[] bytes) {
        ByteBuffer header = ByteBuffer.wrap(bytes, 0, Header.BYTES).slice();
        int id = Header.read(header).id();
        Waiting asked = waiting.remove(id);
        Invariant.check(asked != null, "%s was answered id %d, which nobody asked", socket, id);
        Payload body = payloads.of(Arrays.copyOfRange(bytes, Header.BYTES, bytes.length), "answer to " + asked.opcode);
        switch (ResponseCodec.decode(asked.opcode, header, body)) {
            case Outcome.Refused<Response> _ ->
                throw new AssertionError("malformed answer to opcode " + Integer.toHexString(asked.opcode));
            case Outcome.Ok<Response>(Response response) -> asked.answer.accept(Optional.of(response));
        }
    }

    @Override
    public void ended() {
        giveUp();
        ended.run();
    }

    private void giveUp() {
        List<Waiting> left = List.copyOf(waiting.values());
        waiting.clear();
        left.forEach(asked -> asked.answer.accept(Optional.empty()));
    }
}
