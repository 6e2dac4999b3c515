package sheepdog.sheep.net;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.RequestCodec;

/** A client that sends any bytes and reads what comes, blocking. */
public final class TestClient implements AutoCloseable {
    private static final int PATIENCE_MILLIS = 30_000;

    private final Socket socket = new Socket();
    private final DataInputStream in;

    public record Reply(Header header, int result, long offset, byte[] data) {
        public ResultCode code() {
            return ResultCode.of(result).orElseThrow();
        }
    }

    public TestClient(InetSocketAddress server) throws IOException {
        socket.connect(server, PATIENCE_MILLIS);
        socket.setSoTimeout(PATIENCE_MILLIS);
        socket.setTcpNoDelay(true);
        in = new DataInputStream(socket.getInputStream());
    }

    public static Header header(Opcode opcode, int id) {
        return Header.of(opcode, 0, Epoch.NONE, id);
    }

    static byte[] bytes(Request request) {
        ByteBuffer header = RequestCodec.encodeHeader(request);
        ByteBuffer body = RequestCodec.body(request).bytes();
        byte[] all = new byte[Header.BYTES + body.remaining()];
        header.get(all, 0, Header.BYTES);
        body.get(all, Header.BYTES, body.remaining());
        return all;
    }

    /** A header of nothing but its common part. */
    static byte[] bare(int version, int opcode, int flags, int id, int dataLength) {
        return ByteBuffer.allocate(Header.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) version)
                .put((byte) opcode)
                .putShort((short) flags)
                .putInt(0)
                .putInt(id)
                .putInt(dataLength)
                .array();
    }

    public void send(Request request) throws IOException {
        send(bytes(request));
    }

    void send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
    }

    public Reply read() throws IOException {
        byte[] bytes = new byte[Header.BYTES];
        in.readFully(bytes);
        var buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        Header header = Header.read(buffer);
        byte[] data = new byte[header.dataLength()];
        in.readFully(data);
        return new Reply(header, buffer.getInt(16), buffer.getLong(24), data);
    }

    /** Whether the server ended the connection, by whatever means. */
    boolean isEnded() throws IOException {
        try {
            in.readByte();
            return false;
        } catch (EOFException | java.net.SocketException ended) {
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
