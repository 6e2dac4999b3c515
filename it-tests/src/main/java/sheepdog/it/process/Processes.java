package sheepdog.it.process;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Processes that were started and must not outlive the tests. */
public final class Processes {
    private static final Set<Process> STARTED = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime()
                .addShutdownHook(new Thread(() -> STARTED.forEach(process -> {
                    process.descendants().forEach(ProcessHandle::destroyForcibly);
                    process.destroyForcibly();
                })));
    }

    private Processes() {}

    /** Remembers a process until it ends. */
    public static Process watched(Process process) {
        STARTED.add(process);
        process.onExit().thenAccept(STARTED::remove);
        return process;
    }
}
