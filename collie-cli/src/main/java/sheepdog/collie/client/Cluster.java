package sheepdog.collie.client;

import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.Console;
import sheepdog.collie.cli.Dates;
import sheepdog.collie.cli.ExitCode;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Invariant;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.wire.Flags;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.NodeCodec;
import sheepdog.protocol.wire.Opcode;
import sheepdog.protocol.wire.Protocol;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;
import sheepdog.protocol.wire.ZeroTrim;

/**
 * The cluster as seen through one sheep: the node list, plain requests, reads and writes of objects. Opens connections
 * as they are needed. One thread.
 */
public final class Cluster implements AutoCloseable {
    private static final int NODE_LIST_BYTES = Protocol.NODES_MAX * NodeCodec.BYTES;

    private final Console console;
    private final Network network;
    private final Dates dates;
    private final InstantSource clock;
    private final SheepClient sheep;
    private List<Node> nodes = List.of();
    private Epoch epoch = Epoch.NONE;
    private boolean toldSlow;

    /** @param address of the sheep to ask */
    public Cluster(SheepAddress address, Network network, Console console, Dates dates, InstantSource clock) {
        this.console = console;
        this.network = network;
        this.dates = dates;
        this.clock = clock;
        this.sheep = new SheepClient(address, network, dates, clock, this::slow);
    }

    /**
     * Learns the nodes and the epoch.
     *
     * @throws CommandException if there are none to be had
     */
    public void fetchNodes() {
        var request = new Request.GetNodeList(header(Opcode.GET_NODE_LIST, 0), NODE_LIST_BYTES);
        try {
            Reply reply = sheep.once(request);
            if (!(reply.response() instanceof Response.NodeStat list)) {
                throw new CommandException(
                        ExitCode.SYSTEM,
                        "Failed to update node list: " + reply.resultText(),
                        "Failed to get node list");
            }
            nodes = NodeCodec.readAll(list.data().bytes()).stream()
                    .limit(Integer.toUnsignedLong(list.nodeCount()))
                    .sorted()
                    .toList();
            epoch = reply.epoch();
        } catch (SheepUnreachable unreachable) {
            throw failure(ExitCode.SYSTEM, unreachable, "Failed to get node list");
        }
        if (nodes.isEmpty()) {
            throw new CommandException(ExitCode.FAILURE, "There are no active sheep daemons");
        }
    }

    /** In the order of their numbers; {@link #fetchNodes} was called. */
    public List<Node> nodes() {
        Invariant.check(!nodes.isEmpty(), "nodes were not fetched");
        return nodes;
    }

    /** The epoch of the node list. */
    public Epoch epoch() {
        return epoch;
    }

    /** A header of the version that belongs to the opcode, with the epoch that is known. */
    public Header header(Opcode opcode, int flags) {
        return Header.of(opcode, flags, epoch, 0);
    }

    /**
     * Asks once.
     *
     * @throws CommandException with status 2 if there is no answer
     */
    public Reply ask(Request request) {
        try {
            return sheep.once(request);
        } catch (SheepUnreachable unreachable) {
            throw failure(ExitCode.SYSTEM, unreachable);
        }
    }

    /** Asks once for records of {@code recordBytes}; see {@link SheepClient#once(Request, int, Consumer)}. */
    public Reply ask(Request request, int recordBytes, Consumer<ByteBuffer> each) {
        try {
            return sheep.once(request, recordBytes, each);
        } catch (SheepUnreachable unreachable) {
            throw failure(ExitCode.SYSTEM, unreachable);
        }
    }

    /** Asks the addressed sheep for something without an answer of its own; complains if it was not done. */
    public boolean order(Request request) {
        return answered(() -> sheep.once(request)).isPresent();
    }

    /** Tells the addressed sheep to end, and waits for that; complains if it will not. */
    public boolean last(Request request) {
        return answered(() -> sheep.last(request)).isPresent();
    }

    /** Asks a node directly; complains on stderr, and gives nothing, if it did not do it. */
    public Optional<Response> order(Node node, Request request) {
        try (var client = client(node)) {
            return answered(() -> client.once(request));
        }
    }

    /** Asks a node directly; complains on stderr, and gives nothing, if it did not answer at all. */
    public Optional<Reply> askNode(Node node, Request request) {
        try (var client = client(node)) {
            return Optional.of(client.once(request));
        } catch (SheepUnreachable unreachable) {
            unreachable.lines().forEach(console::error);
            return Optional.empty();
        }
    }

    /**
     * Reads a range of an object through the gateway, zeros that the sheep left out included.
     *
     * @param into  filled from its position to its limit, which say how much to read; left at the position
     * @param flags of the request
     */
    public ObjectAnswer read(ObjectId oid, int offset, ByteBuffer into, int flags) {
        var request = new Request.ReadObject(header(Opcode.READ_OBJ, flags), oid, offset, into.remaining(), 0);
        String failed = "Failed to read object " + Long.toHexString(oid.bits());
        ByteBuffer wanted = into.slice();
        try {
            Reply reply = sheep.repeatable(request, wanted);
            if (reply.response() instanceof Response.ObjectData data && isWhole(data, into)) {
                return new ObjectAnswer(reply.result(), List.of());
            }
            // Success with a range that cannot be: no result text says that.
            return reply.isSuccess()
                    ? new ObjectAnswer(ResultCode.EIO.code(), List.of(failed))
                    : new ObjectAnswer(reply.result(), List.of(failed + " " + reply.resultText()));
        } catch (SheepUnreachable unreachable) {
            return unanswered(unreachable, failed);
        }
    }

    /**
     * Writes a range of an object that exists.
     *
     * @param data from its position to its limit; left as it was
     */
    public ObjectAnswer write(ObjectId oid, int offset, ByteBuffer data, int copies, int flags) {
        return change(
                oid, new Request.WriteObject(header(Opcode.WRITE_OBJ, flags), oid, offset, Payload.of(data), copies));
    }

    /**
     * Makes an object.
     *
     * @param cow where what {@code data} does not cover comes from; zeros if empty
     */
    public ObjectAnswer create(
            ObjectId oid, Optional<ObjectId> cow, int offset, ByteBuffer data, int copies, int flags) {
        int all = flags | (cow.isPresent() ? Flags.COW : 0);
        return change(
                oid,
                new Request.CreateObject(
                        header(Opcode.CREATE_AND_WRITE_OBJ, all), oid, cow, offset, Payload.of(data), copies));
    }

    /** Prints what is to be said of an answer. */
    public void complain(ObjectAnswer answer) {
        answer.lines().forEach(console::error);
    }

    @Override
    public void close() {
        sheep.close();
    }

    private ObjectAnswer change(ObjectId oid, Request request) {
        String failed = "Failed to write object " + Long.toHexString(oid.bits());
        try {
            Reply reply = sheep.repeatable(request, ByteBuffer.allocate(0));
            List<String> lines = reply.isSuccess() ? List.of() : List.of(failed + ": " + reply.resultText());
            return new ObjectAnswer(reply.result(), lines);
        } catch (SheepUnreachable unreachable) {
            return unanswered(unreachable, failed);
        }
    }

    @FunctionalInterface
    private interface Question {
        Reply ask() throws SheepUnreachable;
    }

    private Optional<Response> answered(Question question) {
        try {
            Reply reply = question.ask();
            if (reply.isSuccess()) {
                return Optional.of(reply.response());
            }
            console.error("Response's result: " + reply.resultText());
        } catch (SheepUnreachable unreachable) {
            unreachable.lines().forEach(console::error);
        }
        return Optional.empty();
    }

    /** Once for a command: whoever waits for the first of many objects need not be told of each. */
    private void slow(String line) {
        if (!toldSlow) {
            toldSlow = true;
            console.remark(line);
        }
    }

    private SheepClient client(Node node) {
        return new SheepClient(SheepAddress.of(node.id()), network, dates, clock, this::slow);
    }

    /** Puts zeros where the sheep left them out; what it sent lies at the start of {@code into}. */
    private static boolean isWhole(Response.ObjectData data, ByteBuffer into) {
        ByteBuffer sent = data.data().bytes();
        if (data.offset() == 0 && sent.remaining() == into.remaining()) {
            return true;
        }
        ByteBuffer apart = ByteBuffer.allocate(sent.remaining()).put(sent).flip();
        return ZeroTrim.restore(data.offset(), apart, into);
    }

    private static ObjectAnswer unanswered(SheepUnreachable unreachable, String last) {
        var lines = new ArrayList<>(unreachable.lines());
        lines.add(last);
        return new ObjectAnswer(ResultCode.EIO.code(), lines);
    }

    private static CommandException failure(ExitCode code, SheepUnreachable unreachable, String... more) {
        var lines = new ArrayList<>(unreachable.lines());
        lines.addAll(List.of(more));
        return new CommandException(code, lines.toArray(String[]::new));
    }
}
