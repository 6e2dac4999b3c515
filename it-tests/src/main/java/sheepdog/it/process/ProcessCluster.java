package sheepdog.it.process;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Several sheep as processes of this machine, each with its own store, port and zone. They are counted from 0, and keep
 * store and port when they are started again.
 */
public final class ProcessCluster implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(30);

    private final List<SheepProcess.Spec> specs = new ArrayList<>();
    private final TreeMap<Integer, SheepProcess> running = new TreeMap<>();

    private ProcessCluster(Path folder, int count, String driver, List<String> more) {
        var ports = IntStream.generate(Tools::freeShortPort).distinct().iterator();
        for (int i = 0; i < count; i++) {
            specs.add(new SheepProcess.Spec(
                    List.of(), folder.resolve("sheep" + i), "127.0.0.1", ports.next(), i, driver, more));
        }
    }

    /**
     * Sheep that find each other by multicast on the loopback interface, on a port of their own; none is started.
     *
     * @param folder empty, for stores and logs
     * @param more   further options of each
     */
    public static ProcessCluster jgroups(Path folder, int count, String... more) {
        int port = Tools.freeUdpPort();
        String driver = "jgroups:bind=127.0.0.1,mcast=226.94.1.1:" + port + ",group=it" + port + ",ttl=0";
        return new ProcessCluster(folder, count, driver, List.of(more));
    }

    /** Sheep that find each other by a folder of sockets; none is started. */
    public static ProcessCluster local(Path folder, int count, String... more) {
        return new ProcessCluster(folder, count, "local:" + folder.resolve("meet"), List.of(more));
    }

    /** Adds one more, with options of its own beside those of all; it is not started. */
    public ProcessCluster plus(String... options) {
        SheepProcess.Spec like = specs.getLast();
        var all = new ArrayList<>(like.more());
        all.addAll(List.of(options));
        specs.add(new SheepProcess.Spec(
                List.of(),
                like.store().resolveSibling("sheep" + specs.size()),
                like.address(),
                Tools.freeShortPort(),
                specs.size(),
                like.driver(),
                all));
        return this;
    }

    /** Starts sheep {@code i}, for the first time or again, and waits until it answers. */
    public SheepProcess start(int i) {
        SheepProcess sheep = launch(i);
        sheep.awaitAnswer(START);
        return sheep;
    }

    /** Starts sheep {@code i} without waiting. */
    public SheepProcess launch(int i) {
        SheepProcess sheep = SheepProcess.start(specs.get(i));
        running.put(i, sheep);
        return sheep;
    }

    /** Starts all of them at once and waits until each answers. */
    public ProcessCluster startAll() {
        for (int i = 0; i < specs.size(); i++) {
            launch(i);
        }
        running.values().forEach(sheep -> sheep.awaitAnswer(START));
        return this;
    }

    /** Waits until each running sheep sees all of them, then formats. */
    public ProcessCluster format(int copies) {
        awaitNodes(specs.size());
        collie(0, "cluster", "format", "--copies=" + copies).run().succeeded();
        awaitServing();
        return this;
    }

    /** Waits until every running sheep lists that many nodes. */
    public void awaitNodes(int count) {
        running.values()
                .forEach(sheep -> Waiting.until(
                        "the sheep at port " + sheep.spec().port() + " to list " + count + " nodes",
                        START,
                        () -> sheep.nodeCount() == count));
    }

    /** Waits until every running sheep serves in an epoch of just the running ones. */
    public void awaitServing() {
        int count =
                (int) running.values().stream().filter(SheepProcess::isAlive).count();
        running.values().stream().filter(SheepProcess::isAlive).forEach(sheep -> sheep.awaitServing(count, START));
    }

    /** The sheep that was started last as number {@code i}. */
    public SheepProcess sheep(int i) {
        return running.get(i);
    }

    public int port(int i) {
        return specs.get(i).port();
    }

    /** The store directory of sheep {@code i}. */
    public Path store(int i) {
        return specs.get(i).store();
    }

    /** How many sheep the cluster is made of, running or not. */
    public int size() {
        return specs.size();
    }

    /** A collie command that talks to sheep {@code i}: the port is added behind the second word. */
    public Command collie(int i, String... arguments) {
        var words = new ArrayList<>(List.of(arguments));
        words.addAll(Math.min(2, words.size()), List.of("-p", Integer.toString(port(i))));
        return CollieProcess.command(words.toArray(String[]::new));
    }

    /** The logs of every sheep, for a failed test. */
    public String logs() {
        var all = new StringBuilder();
        running.values().forEach(sheep -> all.append(sheep.logs()).append('\n'));
        return all.toString();
    }

    @Override
    public void close() {
        running.values().forEach(SheepProcess::close);
    }
}
