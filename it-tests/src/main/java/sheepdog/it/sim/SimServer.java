package sheepdog.it.sim;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.PeerRequest;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.RequestCodec;
import sheepdog.protocol.wire.Response;
import sheepdog.protocol.wire.ResponseCodec;
import sheepdog.sheep.runtime.ConnectionInfo;
import sheepdog.sheep.runtime.RequestSink;

/**
 * The edge of a simulated sheep: what arrives on its connections is decoded and handed to the sheep's
 * {@link RequestSink}; answers are encoded and sent back. Every message travels as the bytes that the wire would carry.
 */
public final class SimServer implements SimSocket.Acceptor {
    private final SimLoop loop;
    private final RequestSink sink;
    private final Supplier<Epoch> epoch;
    private final SimPayloads payloads;
    private final BooleanSupplier holdsLease;

    /**
     * @param epoch      what answers are stamped with
     * @param holdsLease whether clients may be told anything about objects now (I5)
     */
    public SimServer(
            SimLoop loop, RequestSink sink, Supplier<Epoch> epoch, SimPayloads payloads, BooleanSupplier holdsLease) {
        this.loop = loop;
        this.sink = sink;
        this.epoch = epoch;
        this.payloads = payloads;
        this.holdsLease = holdsLease;
    }

    @Override
    public SimSocket.Handler accepted(SimSocket socket) {
        return new Connection(socket);
    }

    private final class Connection implements SimSocket.Handler, ConnectionInfo {
        private final SimSocket socket;
        private Optional<PeerRequest.Hello> peer = Optional.empty();

        Connection(SimSocket socket) {
            this.socket = socket;
        }

        @Override
        public void received(byte[] bytes) {
            loop.checkOnLoop();
            ByteBuffer header = ByteBuffer.wrap(bytes, 0, Header.BYTES).slice();
            Header head = Header.read(header);
            byte[] body = Arrays.copyOfRange(bytes, Header.BYTES, bytes.length);
            Invariant.check(body.length == RequestCodec.bodyLength(head), "a request of %d bytes", bytes.length);
            Payload payload = payloads.of(body, "request " + Integer.toHexString(head.opcode()));
            switch (RequestCodec.decode(header, payload)) {
                case Outcome.Refused<Request> _ -> send(Response.of(ResultCode.INVALID_PARMS), head);
                case Outcome.Ok<Request>(Request request) -> admit(request);
            }
        }

        private void admit(Request request) {
            var replied = new boolean[1];
            sink.admit(request, this, response -> {
                loop.checkOnLoop();
                Invariant.check(!replied[0], "a second reply to %s", request.header());
                replied[0] = true;
                if (request instanceof PeerRequest.Hello hello
                        && response instanceof Response.HelloReply
                        && response.result() == ResultCode.SUCCESS) {
                    peer = Optional.of(hello);
                }
                boolean tells = isOfClient(request) && response.result() == ResultCode.SUCCESS && socket.isOpen();
                Invariant.check(
                        !tells || holdsLease.getAsBoolean(), "%s answers %s without a lease", loop, request.header());
                request.release();
                send(response, request.header());
            });
        }

        private static boolean isOfClient(Request request) {
            return request instanceof Request.ReadObject
                    || request instanceof Request.WriteObject
                    || request instanceof Request.CreateObject
                    || request instanceof Request.DiscardObject;
        }

        private void send(Response response, Header request) {
            var encoded = ResponseCodec.encode(response, request, epoch.get());
            byte[] bytes = new byte[Header.BYTES + encoded.body().length()];
            encoded.header().get(0, bytes, 0, Header.BYTES);
            encoded.body().bytes().get(bytes, Header.BYTES, bytes.length - Header.BYTES);
            response.release();
            socket.send(bytes);
        }

        @Override
        public void ended() {
            // Nothing to do: requests under way are still answered, into the void.
        }

        @Override
        public String remote() {
            return socket.remote().toString();
        }

        @Override
        public Optional<PeerRequest.Hello> peer() {
            return peer;
        }

        @Override
        public boolean isOpen() {
            return socket.isOpen();
        }
    }
}
