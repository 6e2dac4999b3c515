package sheepdog.sheep.recovery;

import java.util.ArrayDeque;
import java.util.Deque;

/** Whose turn it is: a few objects are brought at once, those that a request waits for first. Loop-owned. */
final class Turns {
    /** Objects brought at once; each holds its bytes in memory. */
    static final int BRINGS_MAX = 8;

    private final Deque<Bringing> urgent = new ArrayDeque<>();
    private final Deque<Bringing> patient = new ArrayDeque<>();
    private int running;

    /** Asks for a turn, which comes in {@link #begin} at the earliest. */
    void ask(Bringing flow) {
        (flow.isUrgent() ? urgent : patient).add(flow);
    }

    /** A request waits for it from now on. */
    void hurry(Bringing flow) {
        if (patient.remove(flow)) {
            urgent.add(flow);
        }
    }

    /** Its turn is over, for now or for ever. */
    void end() {
        running--;
    }

    void withdraw(Bringing flow) {
        urgent.remove(flow);
        patient.remove(flow);
    }

    /** Starts as many as may run. */
    void begin() {
        while (running < BRINGS_MAX && !(urgent.isEmpty() && patient.isEmpty())) {
            running++;
            (urgent.isEmpty() ? patient : urgent).poll().start();
        }
    }
}
