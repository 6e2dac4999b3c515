package sheepdog.collie.fake;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import sheepdog.collie.client.Network;
import sheepdog.collie.client.SheepAddress;
import sheepdog.protocol.model.Epoch;
import sheepdog.protocol.model.Node;
import sheepdog.protocol.model.NodeId;
import sheepdog.protocol.model.ObjectId;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.model.Payload;
import sheepdog.protocol.model.ResultCode;
import sheepdog.protocol.model.VdiName;
import sheepdog.protocol.model.Vid;
import sheepdog.protocol.vdi.Slots;
import sheepdog.protocol.vdi.VdiLookup;
import sheepdog.protocol.vdi.VidProbe;
import sheepdog.protocol.wire.EpochLogEntry;
import sheepdog.protocol.wire.Header;
import sheepdog.protocol.wire.InodeHeader;
import sheepdog.protocol.wire.LostObject;
import sheepdog.protocol.wire.NodeCodec;
import sheepdog.protocol.wire.Protocol;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.RequestCodec;
import sheepdog.protocol.wire.Response;
import sheepdog.protocol.wire.ResponseCodec;
import sheepdog.protocol.wire.ZeroTrim;

/**
 * Sheep that share one model. Their nodes are called 127.0.0.1:7000 and on; {@link #network} leads collie from there
 * to the ports they really listen on. Every request is kept; a script may answer before the model does.
 */
public final class FakeCluster implements AutoCloseable {
    /** 2026-11-22 14:09:25 in UTC: the time of every change, unless another is set. */
    public static final long NOW = 1_795_356_565L;

    private static final int FIRST_PORT = 7000;

    private final List<ServerSocket> servers = new ArrayList<>();
    private final Map<Integer, InetSocketAddress> listening = new HashMap<>();
    private final List<Node> nodes = new ArrayList<>();
    private final List<EpochLogEntry> epochs = new ArrayList<>();
    private int epochsMax = Integer.MAX_VALUE;
    private final Map<ObjectId, byte[]> objects = new HashMap<>();
    private final TreeMap<Integer, byte[]> inodes = new TreeMap<>();
    private final Set<ObjectId> lost = new HashSet<>();
    private final List<Request> requests = new ArrayList<>();
    private final List<Integer> askedPorts = new ArrayList<>();
    private final Map<ObjectId, List<Integer>> holders = new HashMap<>();
    private ResultCode status = ResultCode.WAIT_FOR_FORMAT;
    private String waiting = "";
    private long seconds = NOW;
    private int copies = 3;
    private Function<Request, Optional<Response>> script = _ -> Optional.empty();
    private Predicate<Request> ignored = _ -> false;

    /** Starts so many sheep, not formatted. */
    public FakeCluster(int count) {
        for (int i = 0; i < count; i++) {
            addNode(new Node(NodeId.of("127.0.0.1", FIRST_PORT + i), Optional.empty(), 64, i, 240_000_000_000L));
        }
    }

    /** Adds a sheep and starts it. */
    public synchronized void addNode(Node node) {
        try {
            var server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
            servers.add(server);
            listening.put(node.id().port(), (InetSocketAddress) server.getLocalSocketAddress());
            nodes.add(node);
            int index = nodes.size() - 1;
            Thread.ofVirtual().start(() -> accept(server, index));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Short time limits, and the way to these sheep; a port without one leads to where nobody listens. */
    public Network network() {
        var limit = Duration.ofSeconds(5);
        return new Network(this::resolve, limit, limit, limit, 0, Duration.ofMillis(4_900), limit);
    }

    /** The same for a user who hardly waits before he wants to know what for. */
    public Network impatientNetwork() {
        var limit = Duration.ofSeconds(5);
        return new Network(this::resolve, limit, limit, Duration.ofMillis(400), 0, Duration.ofMillis(50), limit);
    }

    private synchronized List<SocketAddress> resolve(SheepAddress sheep) throws IOException {
        if (!sheep.host().equals("127.0.0.1")) {
            return sheep.resolve();
        }
        InetSocketAddress real = listening.get(sheep.port());
        if (real != null) {
            return List.of(real);
        }
        try (var closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return List.of(closed.getLocalSocketAddress());
        }
    }

    /** Gives the answers that it has any for; the model gives the others. */
    public synchronized void script(Function<Request, Optional<Response>> answers) {
        script = answers;
    }

    /** Has these requests wait for ever, as for an object whose holders are away. */
    public synchronized void ignore(Predicate<Request> which) {
        ignored = which;
    }

    private synchronized boolean isIgnored(Request request) {
        return ignored.test(request);
    }

    /** What a sheep says that it waits for. */
    public synchronized void waiting(String lines) {
        waiting = lines;
    }

    /** Sets what requests of a cluster that does not run are refused with; SUCCESS for one that does. */
    public synchronized void status(ResultCode refusal) {
        status = refusal;
    }

    /** The time of changes from now on, in seconds since 1970. */
    public synchronized void time(long now) {
        seconds = now;
    }

    /** Makes it running, as format does. */
    public synchronized FakeCluster formatted() {
        format(copies, seconds << 32);
        return this;
    }

    /** Ends a sheep, as a kill does, and begins an epoch without it. */
    public synchronized void kill(int port) {
        nodes.removeIf(node -> node.id().port() == port);
        close(listening.remove(port));
        addEpoch();
    }

    /** Sets the epochs that STAT_CLUSTER tells, newest first. */
    public synchronized void epochs(List<EpochLogEntry> entries) {
        epochs.clear();
        epochs.addAll(entries);
    }

    /** So many epochs are in one answer at most. */
    public synchronized void epochsAtOnce(int max) {
        epochsMax = max;
    }

    private Response epoch(Epoch wanted) {
        return epochs.stream()
                .filter(e -> e.epoch().equals(wanted))
                .findFirst()
                .<Response>map(e -> {
                    ByteBuffer nodes = NodeCodec.encode(e.nodes()).bytes();
                    ByteBuffer bytes =
                            ByteBuffer.allocate(nodes.remaining() + Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
                    return new Response.Data(
                            ResultCode.SUCCESS,
                            Payload.of(bytes.put(nodes).putLong(e.timeSeconds()).flip()));
                })
                .orElse(Response.of(ResultCode.NO_TAG));
    }

    /** What it was asked so far. */
    public synchronized List<Request> requests() {
        return List.copyOf(requests);
    }

    /** The ports of the nodes that were asked for something of one kind. */
    public synchronized List<Integer> asked(Class<? extends Request> kind) {
        return IntStream.range(0, requests.size())
                .filter(i -> kind.isInstance(requests.get(i)))
                .mapToObj(askedPorts::get)
                .toList();
    }

    /** Where the node of that port really listens on loopback, for a process of its own. */
    public synchronized int realPort(int port) {
        return listening.get(port).getPort();
    }

    /** Ends a sheep without the others' taking notice. */
    public synchronized void deafen(int port) {
        close(listening.remove(port));
    }

    /** What it was asked so far of one kind. */
    public <R> List<R> requests(Class<R> kind) {
        return requests().stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    /** An object's bytes, whole; empty if there is no such object. */
    public synchronized Optional<byte[]> object(ObjectId oid) {
        return lost.contains(oid)
                ? Optional.empty()
                : Optional.ofNullable(oid.isInode() ? inodes.get(oid.vid().value()) : objects.get(oid));
    }

    /** The working VDI, or the snapshot of that tag. */
    public synchronized Vid vid(String name, String tag) {
        return switch (find(new VdiName(name), new VdiName(tag), 0)) {
            case VdiLookup.Result.Found found -> found.vid();
            case VdiLookup.Result.Missing missing -> throw new AssertionError(name + ": " + missing);
        };
    }

    /** The header of an inode. */
    public synchronized InodeHeader inode(Vid vid) {
        return InodeHeader.read(ByteBuffer.wrap(inodes.get(vid.value())));
    }

    /** Says that only the nodes of these numbers hold an object. */
    public synchronized void holders(ObjectId oid, Integer... numbers) {
        holders.put(oid, List.of(numbers));
    }

    /** Turns the working VDI into a snapshot, as another client's {@code vdi snapshot} would. */
    public synchronized void snapshot(String name) {
        Vid base = vid(name, "");
        InodeHeader inode = inode(base);
        newVdi(new Request.NewVdi(
                Header.read(ByteBuffer.allocate(Header.BYTES)),
                inode.name(),
                inode.sizeBytes(),
                base,
                inode.copies(),
                true,
                0,
                0,
                0));
    }

    @Override
    public synchronized void close() {
        listening.values().forEach(this::close);
    }

    private void close(InetSocketAddress address) {
        for (ServerSocket server : servers) {
            if (server.getLocalSocketAddress().equals(address)) {
                try {
                    server.close();
                } catch (IOException failed) {
                    throw new UncheckedIOException(failed);
                }
            }
        }
    }

    private void accept(ServerSocket server, int node) {
        while (!server.isClosed()) {
            try {
                Socket socket = server.accept();
                Thread.ofVirtual().start(() -> serve(socket, node));
            } catch (IOException _) {
                return;
            }
        }
    }

    private void serve(Socket socket, int node) {
        try (socket) {
            var in = new DataInputStream(socket.getInputStream());
            var out = socket.getOutputStream();
            while (answer(in, out, node)) {}
        } catch (IOException _) {
            // The client has gone; that is its right.
        }
    }

    private boolean answer(DataInputStream in, OutputStream out, int node) throws IOException {
        byte[] head = in.readNBytes(Header.BYTES);
        if (head.length < Header.BYTES) {
            return false;
        }
        Header header = Header.read(ByteBuffer.wrap(head));
        byte[] body = in.readNBytes((int) RequestCodec.bodyLength(header));
        var decoded = RequestCodec.decode(ByteBuffer.wrap(head), Payload.of(body));
        if (decoded instanceof Outcome.Ok<Request>(var request) && isIgnored(request)) {
            in.read(); // Until the client has had enough.
            return false;
        }
        Response response = switch (decoded) {
            case Outcome.Ok<Request> ok -> answer(ok.value(), node);
            case Outcome.Refused<Request> refused -> Response.of(refused.code());
        };
        var encoded = ResponseCodec.encode(response, header, epoch());
        out.write(encoded.header().array());
        byte[] data = new byte[encoded.body().length()];
        encoded.body().bytes().get(data);
        out.write(data);
        boolean ends =
                decoded instanceof Outcome.Ok<Request>(Request.Shutdown _) && response.equals(Response.success());
        return !ends;
    }

    private synchronized Epoch epoch() {
        return new Epoch(epochs.size());
    }

    private synchronized Response answer(Request request, int node) {
        requests.add(request);
        askedPorts.add(nodes.get(node).id().port());
        if (!request.header().isVersionAccepted()) {
            return Response.of(ResultCode.VER_MISMATCH);
        }
        return script.apply(request).orElseGet(() -> model(request, node));
    }

    private Response model(Request request, int number) {
        boolean always = request instanceof Request.GetNodeList
                || request instanceof Request.StatCluster
                || request instanceof Request.MakeFs
                || request instanceof Request.ReadVdis
                || request instanceof Request.GetStoreList
                || request instanceof Request.GetWaiting
                || request instanceof Request.KillNode;
        if (!always && status != ResultCode.SUCCESS) {
            return Response.of(status);
        }
        return switch (request) {
            case Request.GetNodeList _ ->
                new Response.NodeStat(ResultCode.SUCCESS, nodes.size(), 0, -1, 0, 0, NodeCodec.encode(nodes));
            case Request.StatCluster stat -> {
                int room = Math.min(Math.min(epochs.size(), epochsMax), stat.lengthMax() / EpochLogEntry.BYTES);
                yield new Response.Data(status, EpochLogEntry.encode(epochs.subList(0, room)));
            }
            case Request.GetEpoch get -> epoch(get.targetEpoch());
            case Request.StatSheep _ -> stat(number);
            case Request.MakeFs make -> makeFs(make);
            case Request.GetWaiting _ ->
                new Response.Data(ResultCode.SUCCESS, Payload.of(waiting.getBytes(StandardCharsets.UTF_8)));
            case Request.GetStoreList _ ->
                new Response.Data(ResultCode.SUCCESS, Payload.of("farm plain \0".getBytes(StandardCharsets.US_ASCII)));
            case Request.ReadVdis _ -> new Response.Data(ResultCode.SUCCESS, Payload.of(bitmap()));
            case Request.ReadObject read -> read(read.oid(), read.offset(), read.length(), read.header());
            case Request.ReadPeer read ->
                holders.getOrDefault(read.oid(), List.of(0, 1, 2)).contains(number)
                        ? read(read.oid(), read.offset(), read.length(), read.header())
                        : Response.of(ResultCode.NO_OBJ);
            case Request.WriteObject write -> write(write.oid(), write.offset(), write.data());
            case Request.CreateObject create -> create(create);
            case Request.NewVdi vdi -> newVdi(vdi);
            case Request.GetVdiInfo get -> found(find(get.name(), get.tag(), get.snapId()));
            case Request.LockVdi lock -> found(find(lock.name(), lock.tag(), lock.snapId()));
            case Request.DeleteVdi delete -> delete(delete);
            case Request.DeleteCache _ -> Response.success();
            case Request.ListVdis list -> new Response.Data(ResultCode.SUCCESS, Payload.of(vdis(list.after())));
            case Request.LostObjects look
            when look.lookOnly() ->
                new Response.Data(
                        ResultCode.SUCCESS,
                        Payload.of(LostObject.encode(
                                look.oids().stream().map(this::look).toList())));
            case Request.Shutdown _ -> {
                status = ResultCode.SHUTDOWN;
                yield Response.success();
            }
            case Request.KillNode _ -> Response.success();
            default -> Response.of(ResultCode.INVALID_PARMS);
        };
    }

    private byte[] vdis(Vid after) {
        var text = new StringBuilder();
        inodes.tailMap(after.value() + 1).keySet().stream()
                .map(vid -> inode(new Vid(vid)))
                .filter(inode -> !inode.name().latin1().isEmpty())
                .forEach(inode -> text.append("%x %x %s %s\n"
                        .formatted(
                                inode.vid(),
                                inode.isSnapshot() ? inode.snapId() : 0,
                                hex(inode.name()),
                                inode.tag().latin1().isEmpty() ? "-" : hex(inode.tag()))));
        return text.toString().getBytes(StandardCharsets.US_ASCII);
    }

    private static String hex(VdiName name) {
        return HexFormat.of().formatHex(name.latin1().getBytes(StandardCharsets.ISO_8859_1));
    }

    private LostObject look(ObjectId oid) {
        var answer = object(oid).isPresent() ? LostObject.Answer.NOT_WAITING : LostObject.Answer.ABSENT;
        return new LostObject(answer, Epoch.NONE, LostObject.NOBODY);
    }

    /** There is no copy of it any more. */
    public synchronized void lose(ObjectId oid) {
        lost.add(oid);
    }

    private Response stat(int number) {
        Node node = nodes.get(number);
        long used = objects.size() * (long) ObjectId.DATA_BYTES + inodes.size() * (long) ObjectId.DATA_BYTES;
        long free = node.storesObjects() ? node.space() - used : 0;
        return new Response.NodeStat(ResultCode.SUCCESS, 0, 0, -1, node.space(), free, Payload.EMPTY);
    }

    private Response makeFs(Request.MakeFs make) {
        if (!List.of("farm", "plain").contains(make.storeName())) {
            return Response.of(ResultCode.NO_STORE);
        }
        format(make.copies(), make.ctime());
        return Response.success();
    }

    private void format(int defaultCopies, long ctime) {
        copies = defaultCopies;
        objects.clear();
        inodes.clear();
        epochs.clear();
        epochs.add(new EpochLogEntry(ctime, seconds, Epoch.FIRST, copies, nodes));
        status = ResultCode.SUCCESS;
    }

    private void addEpoch() {
        long ctime = epochs.getLast().ctime();
        epochs.addFirst(new EpochLogEntry(ctime, seconds, epoch().next(), copies, nodes));
    }

    private byte[] bitmap() {
        byte[] bits = new byte[Protocol.VDI_BITMAP_BYTES];
        inodes.keySet().forEach(vid -> bits[vid / 8] |= (byte) (1 << vid % 8));
        return bits;
    }

    private Response read(ObjectId oid, int offset, int length, Header header) {
        var bytes = object(oid);
        if (bytes.isEmpty()) {
            return Response.of(ResultCode.NO_OBJ);
        }
        var range = ByteBuffer.wrap(bytes.get(), offset, length).slice();
        int held =
                oid.isInode() ? InodeHeader.read(ByteBuffer.wrap(bytes.get())).copies() : copies;
        if (header.version() < 2) {
            return new Response.ObjectData(ResultCode.SUCCESS, held, 0, Payload.of(range));
        }
        var part = ZeroTrim.trim(range);
        return new Response.ObjectData(
                ResultCode.SUCCESS, held, part.offset(), Payload.of(range.slice(part.offset(), part.length())));
    }

    private Response write(ObjectId oid, int offset, Payload data) {
        var bytes = object(oid);
        if (bytes.isEmpty()) {
            return Response.of(ResultCode.NO_OBJ);
        }
        if (oid.isData() && inode(oid.vid()).isSnapshot()) {
            return Response.of(ResultCode.READONLY);
        }
        data.bytes().get(bytes.get(), offset, data.length());
        return Response.success();
    }

    private Response create(Request.CreateObject create) {
        ObjectId oid = create.oid();
        if (inode(oid.vid()).isSnapshot()) {
            return Response.of(ResultCode.READONLY);
        }
        byte[] start = create.cow().map(objects::get).orElseGet(() -> new byte[oid.size()]);
        objects.computeIfAbsent(oid, _ -> start.clone());
        return write(oid, create.offset(), create.data());
    }

    private Response newVdi(Request.NewVdi vdi) {
        var existing = find(vdi.name(), VdiName.EMPTY, 0);
        if (existing instanceof VdiLookup.Result.Found && !vdi.snapshot()) {
            return Response.of(ResultCode.VDI_EXIST);
        }
        Vid vid = VidProbe.run(vdi.name(), inodes::containsKey).free().orElseThrow();
        byte[] image = new byte[ObjectId.INODE_BYTES];
        int snapId = existing instanceof VdiLookup.Result.Missing missing ? missing.nextSnapId() : 1;
        if (!vdi.base().equals(Vid.NONE)) {
            byte[] base = inodes.get(vdi.base().value());
            System.arraycopy(base, Slots.INDEX_OFFSET, image, Slots.INDEX_OFFSET, image.length - Slots.INDEX_OFFSET);
            if (vdi.snapshot()) {
                ByteBuffer.wrap(base).order(ByteOrder.LITTLE_ENDIAN).putLong(520, seconds << 32);
                snapId = inode(vdi.base()).snapId() + 1;
            }
        }
        int held = vdi.copies() == 0 ? copies : vdi.copies();
        InodeHeader.of(vdi.name(), vid, seconds << 32, vdi.sizeBytes(), held, snapId)
                .put(ByteBuffer.wrap(image));
        ByteBuffer.wrap(image)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(InodeHeader.PARENT_OFFSET, vdi.base().value());
        inodes.put(vid.value(), image);
        return new Response.VdiInfo(ResultCode.SUCCESS, vid, 0, held, 0);
    }

    private VdiLookup.Result find(VdiName name, VdiName tag, int snapId) {
        return VdiLookup.find(name, tag, snapId, VidProbe.run(name, inodes::containsKey), vid -> {
            InodeHeader inode = inode(vid);
            return Optional.of(new VdiLookup.Entry(inode.name(), inode.tag(), inode.snapId(), inode.isSnapshot()));
        });
    }

    private static Response found(VdiLookup.Result result) {
        return switch (result) {
            case VdiLookup.Result.Found found -> new Response.VdiInfo(ResultCode.SUCCESS, found.vid(), 0, 3, 0);
            case VdiLookup.Result.Missing missing -> Response.of(missing.code());
        };
    }

    private Response delete(Request.DeleteVdi delete) {
        return switch (find(delete.name(), delete.tag(), delete.snapId())) {
            case VdiLookup.Result.Found found -> {
                byte[] image = inodes.get(found.vid().value());
                Arrays.fill(image, 0, VdiName.BYTES, (byte) 0);
                yield Response.success();
            }
            case VdiLookup.Result.Missing missing -> Response.of(missing.code());
        };
    }
}
