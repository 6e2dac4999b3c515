package sheepdog.it.chaos;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import sheepdog.it.process.Tools;
import sheepdog.it.process.Waiting;

/**
 * One story: a cluster is made and formatted, clients read and write, faults happen, everything heals, and what the clients
 * saw and what lies on the disks is judged. {@link #run} tells it from beginning to end.
 *
 * <p>What must hold: each sector of each disk was a linearizable register, with the final reads of all through every host;
 * no client saw an error that its gateway's own end, or a full disk, does not explain; no sheep ended by itself; all serve
 * again; all copies are equal byte by byte, and there are as many as there should be; all hosts tell the same history of
 * epochs.
 */
public final class Chaos {
    private static final int COPIES = 3;
    private static final int SMALL_DISK_MEBIBYTES = 640;
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final Duration COMES_BACK = Duration.ofSeconds(60);
    private static final Duration AFTERWARDS = Duration.ofSeconds(2);
    private static final long IMPATIENCE_NANOS = 5_000_000_000L;

    private final Options options;
    private final Path folder;
    private final StoryLog log;
    private final Random random;
    private final Trouble trouble = new Trouble();
    private final Waits waits = new Waits(trouble);
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final AtomicInteger tgts = new AtomicInteger();
    private final List<SharedDisk> disks = new ArrayList<>();
    private final List<SharedDisk> impatient = new ArrayList<>();
    private final List<DiskClient> clients = new ArrayList<>();
    private final Map<SharedDisk, Opening> openings = new TreeMap<>(Comparator.comparing(SharedDisk::name));

    /**
     * What kind of story.
     *
     * @param seed   of all that is drawn; threads and processes do not follow it
     * @param length of the time of faults
     * @param kinds  of faults that take a host out; each is in a pack as often as it is here
     * @param spare  how many hosts wait to join, all at once
     */
    public record Options(long seed, Duration length, List<Fault> kinds, int spare) {
        public Options {
            kinds = List.copyOf(kinds);
        }
    }

    /**
     * How it ended.
     *
     * @param failures  empty if all is well
     * @param summary   a line of figures
     */
    public record Report(List<String> failures, String summary) {}

    private record Opening(DiskClient.Shape shape, int id, Kind kind) {}

    private enum Kind {
        WIRE,
        TGT
    }

    private Chaos(Options options, Path folder, StoryLog log) {
        this.options = options;
        this.folder = folder;
        this.log = log;
        random = new Random(options.seed);
    }

    /** What this machine lacks; empty if chaos can be had here. */
    public static List<String> missing() {
        return Hosts.missing();
    }

    /**
     * Tells a story.
     *
     * @param folder  empty; its path must be short. Disks of hosts; deleted by nobody
     * @param keep    where log and, if it fails, histories and the logs of the sheep go; it is made
     * @param copy    of the log
     */
    public static Report run(Options options, Path folder, Path keep, PrintStream copy)
            throws IOException, InterruptedException {
        Files.createDirectories(keep);
        try (var log = new StoryLog(keep.resolve("chaos.log"), copy);
                var hosts = Hosts.up(folder, 3 + options.spare)) {
            var chaos = new Chaos(options, folder, log);
            var failures = new ArrayList<String>();
            int faults = 0;
            try {
                faults = chaos.tell(hosts, failures);
            } catch (AssertionError | IllegalStateException failed) {
                log.say("FAILED %s", failed.toString());
                failures.add(failed.toString());
            } finally {
                chaos.stopping.countDown();
                chaos.disks.forEach(SharedDisk::leave);
            }
            failures.addAll(log.errors());
            String summary = chaos.summary(faults);
            log.say("%s: %s", failures.isEmpty() ? "all is well" : "FAILED", summary);
            if (!failures.isEmpty()) {
                hosts.keepLogs(keep);
                for (SharedDisk disk : chaos.disks) {
                    disk.write(keep.resolve("history-" + disk.name()));
                }
            }
            return new Report(failures, summary);
        }
    }

    private int tell(Hosts hosts, List<String> failures) throws IOException, InterruptedException {
        log.say("seed %d", options.seed);
        int small = 1 + random.nextInt(3);
        hosts.smallDisk(small, SMALL_DISK_MEBIBYTES);
        for (int host = 1; host <= 3; host++) {
            hosts.launch(host);
        }
        Waiting.until(
                "three sheep to list each other",
                COMES_BACK,
                () -> hosts.running().stream().allMatch(host -> nodeCount(hosts, host) == 3));
        hosts.collie(1, "cluster", "format", "--copies=" + COPIES).run().succeeded();
        hosts.awaitServing(COMES_BACK);
        log.say("formatted; the disk of host %d is small", small);

        addClients(hosts);
        var nemesis = new Nemesis(
                hosts, trouble, log, waits, random.nextLong(), Optional.of(small), options.kinds, this::pass);
        long end = System.nanoTime() + options.length.toNanos();
        while (System.nanoTime() < end && log.errors().isEmpty()) {
            nemesis.strike();
        }
        log.say("no more faults");
        nemesis.settle();
        judge(hosts, failures);
        return nemesis.faults();
    }

    private void addClients(Hosts hosts) throws InterruptedException, IOException {
        var hot = new DiskClient.Shape(2, 512, 256);
        var large = new DiskClient.Shape(24, 16, 16);
        disk(hosts, "hot", hot, Kind.WIRE, 3, true);
        disk(hosts, "patient", new DiskClient.Shape(3, 64, 24), Kind.WIRE, 2, false);
        disk(hosts, "sparse", large, Kind.WIRE, 1, true);
        if (Tools.missing("tgtd", "tgtadm", "qemu-io").isEmpty()) {
            disk(hosts, "tgt", new DiskClient.Shape(2, 64, 16), Kind.TGT, 1, true);
        } else {
            log.say("without tgt: it-tests/clients/ensure has not been run");
        }
        clients.forEach(DiskClient::start);
    }

    /** Makes a disk and its clients. Where several use it its objects are there first, as clients keep the inode. */
    private void disk(Hosts hosts, String name, DiskClient.Shape shape, Kind kind, int count, boolean movesFromTrouble)
            throws InterruptedException, IOException {
        int gateway = 1 + random.nextInt(3);
        var gateways = new Random(random.nextLong());
        var disk = new SharedDisk(name, gateway, left -> nextGateway(hosts, left, kind, gateways));
        int id = disks.size() + 1;
        hosts.collie(gateway, "vdi", "create", name, shape.objects() * 4 + "M")
                .run()
                .succeeded();
        disks.add(disk);
        openings.put(disk, new Opening(shape, id, kind));
        if (movesFromTrouble) {
            impatient.add(disk);
        }
        if (count > 1) {
            client(hosts, disk).fillAll();
        }
        for (int i = 0; i < count; i++) {
            clients.add(client(hosts, disk));
        }
        log.say("%s: %d clients at host %d", name, count, gateway);
    }

    private DiskClient client(Hosts hosts, SharedDisk disk) {
        Opening opening = openings.get(disk);
        Port.Opener opener = switch (opening.kind) {
            case WIRE ->
                gateway -> WirePort.open(
                        hosts.store(gateway).resolve("sock"), disk.name(), opening.shape.objects(), PATIENCE);
            case TGT ->
                gateway -> TgtPort.open(
                        folder.resolve("t" + tgts.incrementAndGet()),
                        hosts.store(gateway).resolve("sock"),
                        disk.name());
        };
        return new DiskClient(
                clients.size() + 1,
                disk,
                new SectorData(opening.id),
                opening.shape,
                opener,
                trouble,
                log,
                waits,
                random.nextLong(),
                stopping);
    }

    /** A host whose sheep runs; tgt, which is slow to give up, goes to one without trouble if there is one. */
    private int nextGateway(Hosts hosts, int left, Kind kind, Random gateways) {
        var candidates = new ArrayList<>(hosts.running());
        if (kind == Kind.TGT) {
            candidates.removeIf(trouble::isIn);
        }
        if (candidates.size() > 1) {
            candidates.remove((Integer) left);
        }
        return candidates.isEmpty() ? left : candidates.get(gateways.nextInt(candidates.size()));
    }

    /** Lets time pass, in which clients lose their patience with gateways that have trouble. */
    private void pass(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        try {
            for (long left = time.toNanos(); left > 0; left = end - System.nanoTime()) {
                for (SharedDisk disk : impatient) {
                    if (disk.longestWaitNanos() > IMPATIENCE_NANOS && trouble.isIn(disk.gateway())) {
                        log.say("%s has waited long enough for host %d", disk.name(), disk.leave());
                    }
                }
                stopping.await(Math.min(left, 100_000_000), TimeUnit.NANOSECONDS);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", interrupted);
        }
    }

    private void judge(Hosts hosts, List<String> failures) throws IOException, InterruptedException {
        long before = waits.operations();
        pass(AFTERWARDS);
        log.say("%d operations in %d s without faults", waits.operations() - before, AFTERWARDS.toSeconds());
        stopping.countDown();
        for (DiskClient client : clients) {
            if (!client.awaitEnd(COMES_BACK)) {
                failures.add("a client still waits for an answer after " + COMES_BACK);
                return;
            }
        }
        for (SharedDisk disk : disks) {
            for (int host : hosts.running()) {
                disk.moveTo(host);
                reader(hosts, disk).readAll();
            }
        }
        log.say("everything was read through every host");
        int copies = Math.min(COPIES, hosts.running().size());
        try {
            Duration took = Waiting.timeUntil(
                    "all copies to be equal",
                    COMES_BACK,
                    () -> Hosts.differences(hosts.objects(), copies).isEmpty());
            log.say("all copies are equal, after %d ms", took.toMillis());
        } catch (AssertionError late) {
            Hosts.differences(hosts.objects(), copies).forEach(failures::add);
        }
        var epochs = new TreeMap<String, Integer>();
        hosts.running().forEach(host -> epochs.put(hosts.epochs(host), host));
        if (epochs.size() != 1) {
            failures.add("hosts tell different histories of epochs: " + epochs);
        }
        for (SharedDisk disk : disks) {
            for (String violation : Linearizability.check(disk.history())) {
                failures.add(disk.name() + ", " + violation);
            }
        }
    }

    /** Like a client of the disk, but by the protocol itself: what tgt wrote is there for all. */
    private DiskClient reader(Hosts hosts, SharedDisk disk) {
        Opening opening = openings.get(disk);
        openings.put(disk, new Opening(opening.shape, opening.id, Kind.WIRE));
        return client(hosts, disk);
    }

    private String summary(int faults) {
        long recorded = 0;
        long unknown = 0;
        for (SharedDisk disk : disks) {
            List<Operation> history = disk.history();
            recorded += history.size();
            unknown += history.stream()
                    .filter(operation -> operation.returnedNanos() == Operation.NEVER)
                    .count();
        }
        return "seed %d, %d faults in %d s, %d operations (%d of unknown outcome), longest wait %d ms (%d ms with trouble of the gateway's own)"
                .formatted(
                        options.seed,
                        faults,
                        log.elapsed().toSeconds(),
                        recorded,
                        unknown,
                        waits.longestEver().toMillis(),
                        waits.longestAny().toMillis());
    }

    private static int nodeCount(Hosts hosts, int host) {
        try {
            return hosts.sheep(host).nodeCount();
        } catch (IOException notYet) {
            return 0;
        }
    }
}
