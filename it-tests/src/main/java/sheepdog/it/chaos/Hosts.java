package sheepdog.it.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.IntStream;
import sheepdog.it.process.CollieProcess;
import sheepdog.it.process.Command;
import sheepdog.it.process.Finished;
import sheepdog.it.process.SheepProcess;
import sheepdog.it.process.Stores;
import sheepdog.it.process.Tools;

/**
 * A host each for a sheep, counted from 1: network namespaces that a bridge joins. This process is in none of them; it
 * talks to the sheep by their unix sockets, so that what befalls the network befalls the sheep alone.
 *
 * <p>One thread starts and ends sheep; any may ask.
 */
final class Hosts implements AutoCloseable {
    static final int PORT = 7000;

    private static final Duration START = Duration.ofSeconds(40);

    private final String name = "ch" + ProcessHandle.current().pid() % 1_000_000;
    private final Path folder;
    private final int count;
    private final Map<Integer, SheepProcess> sheep = new ConcurrentSkipListMap<>();
    private final List<Path> mounts = new ArrayList<>();

    private Hosts(Path folder, int count) {
        this.folder = folder;
        this.count = count;
    }

    /**
     * What this machine lacks for it.
     *
     * @return empty if nothing
     */
    static List<String> missing() {
        var missing = new ArrayList<>(Tools.missing("ip", "nft", "strace"));
        if (!Tools.isRoot()) {
            missing.add("root");
        }
        return missing;
    }

    /**
     * Makes the hosts.
     *
     * @param folder for their disks; its path must be short, for the sake of sockets
     */
    static Hosts up(Path folder, int count) {
        var hosts = new Hosts(folder, count);
        hosts.script("up", Integer.toString(count)).run().succeeded();
        return hosts;
    }

    /**
     * Gives a host that has no sheep yet a disk of its own for the store, in memory, that can be filled. The sheep's log lies
     * elsewhere, so that it tells what a full disk did.
     */
    void smallDisk(int host, int mebibytes) {
        try {
            Path store = Files.createDirectories(store(host));
            Command.of("mount", "-t", "tmpfs", "-o", "size=" + mebibytes + "m", "sheepdog-chaos", store.toString())
                    .run()
                    .succeeded();
            mounts.add(store);
            Files.createSymbolicLink(
                    store.resolve("sheep.log"), disk(host).resolve("sheep.log").toAbsolutePath());
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Where a host's store, and beside it its sheep's output, lie. */
    private Path disk(int host) {
        return folder.resolve("disk" + host);
    }

    Path store(int host) {
        return disk(host).resolve("s");
    }

    /** The numbers of all hosts, with or without a sheep. */
    List<Integer> all() {
        return IntStream.rangeClosed(1, count).boxed().toList();
    }

    /** The numbers of the hosts whose sheep are processes that live, even if stopped. */
    List<Integer> running() {
        return sheep.entrySet().stream()
                .filter(entry -> entry.getValue().isAlive())
                .map(Map.Entry::getKey)
                .toList();
    }

    boolean isRunning(int host) {
        SheepProcess process = sheep.get(host);
        return process != null && process.isAlive();
    }

    /** The sheep that was started last on a host. */
    SheepProcess sheep(int host) {
        return sheep.get(host);
    }

    /** Starts a sheep, without waiting for it. */
    void launch(int host) {
        try {
            Files.createDirectories(disk(host));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        sheep.put(
                host,
                SheepProcess.start(new SheepProcess.Spec(
                        inside(host), store(host), address(host), PORT, host, "jgroups", List.of())));
    }

    /** Starts a sheep, and waits until it answers. @return how long that took */
    Duration start(int host) {
        launch(host);
        return sheep(host).awaitAnswer(START);
    }

    /** Waits until each running sheep serves in an epoch of just the running ones. */
    void awaitServing(Duration limit) {
        List<Integer> running = running();
        running.forEach(host -> sheep(host).awaitServing(running.size(), limit));
    }

    /** Whether each running sheep says that it has recovered everything of its epoch. */
    boolean haveRecovered() throws IOException {
        for (int host : running()) {
            if (!log(host).contains("recovery done epoch=" + sheep(host).epoch() + "\n")) {
                return false;
            }
        }
        return true;
    }

    /** The objects of each running sheep's store, with their checksums. */
    Map<Integer, TreeMap<String, String>> objects() throws IOException {
        var objects = new TreeMap<Integer, TreeMap<String, String>>();
        for (int host : running()) {
            objects.put(host, Stores.objects(store(host)));
        }
        return objects;
    }

    /**
     * What is wrong with the copies of objects.
     *
     * @param copies how many there must be of each
     * @return empty if there are that many, and all are equal
     */
    static List<String> differences(Map<Integer, TreeMap<String, String>> objects, int copies) {
        var names = new TreeSet<String>();
        objects.values().forEach(store -> names.addAll(store.keySet()));
        var differences = new ArrayList<String>();
        for (String object : names) {
            var holders = new TreeMap<Integer, String>();
            objects.forEach((host, store) -> {
                if (store.containsKey(object)) {
                    holders.put(host, store.get(object).substring(0, 12));
                }
            });
            if (holders.size() != copies || new TreeSet<>(holders.values()).size() != 1) {
                differences.add("object " + object + ": copies " + holders);
            }
        }
        return differences;
    }

    /** A collie command on a host. */
    Command collie(int host, String... arguments) {
        return CollieProcess.command(inside(host), arguments);
    }

    /**
     * Lets collie tell a sheep to leave.
     *
     * @param asked whose list of nodes gives the victim's number
     * @return whether it is in that list
     */
    boolean nodeKill(int asked, int victim) {
        String list = collie(asked, "node", "list", "-r").run().succeeded().out();
        Optional<String> number = list.lines()
                .filter(line -> line.contains(address(victim) + ":"))
                .map(line -> line.replaceFirst("^[- ]*", "").split("\\s+")[0])
                .findFirst();
        number.ifPresent(there -> collie(asked, "node", "kill", there).run().succeeded());
        return number.isPresent();
    }

    /** A command in a host's network. */
    Command command(int host, String... words) {
        var all = new ArrayList<>(inside(host));
        all.addAll(List.of(words));
        return Command.of(all);
    }

    static String address(int host) {
        return "10.77.0." + host;
    }

    /** What the sheep of a host logged, in all its lives. */
    String log(int host) {
        try {
            Path log = store(host).resolve("sheep.log");
            return Files.exists(log) ? Files.readString(log, StandardCharsets.ISO_8859_1) : "";
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Copies what the sheep logged and printed. */
    void keepLogs(Path into) throws IOException {
        Files.createDirectories(into);
        for (int host : all()) {
            Files.writeString(into.resolve("sheep" + host + ".log"), log(host));
            Path output = disk(host).resolve("s.out");
            if (Files.exists(output)) {
                Files.write(into.resolve("sheep" + host + ".out"), Files.readAllBytes(output));
            }
        }
    }

    @Override
    public void close() {
        sheep.values().forEach(SheepProcess::close);
        script("down").run();
        for (Path mount : mounts) {
            Command.of("umount", mount.toString()).run();
        }
    }

    private List<String> inside(int host) {
        return List.of("ip", "netns", "exec", name + "-" + host);
    }

    private Command script(String... arguments) {
        var words =
                new ArrayList<>(List.of("bash", Tools.script("netns-cluster").toString()));
        words.addAll(List.of(arguments));
        return Command.of(words).with("NETNS_CLUSTER", name);
    }

    /** What a host's collie says of the cluster, without the question whether it serves. */
    String epochs(int host) {
        Finished info = collie(host, "cluster", "info").run().succeeded();
        int from = info.out().indexOf("Epoch Time");
        return info.out().substring(Math.max(from, 0));
    }
}
