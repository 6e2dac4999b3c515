package sheepdog.it.sim;

import java.util.EnumMap;
import java.util.Map;
import java.util.stream.Collectors;

/** What stories came to: added up over many of them. One thread. */
public final class Figures {
    private final Map<SimFault, Long> faults = new EnumMap<>(SimFault.class);
    private long stories;
    private long epochs;
    private long events;
    private long operations;

    /** Counts a fault that happened; one that could not, as its victim was down already, is not counted. */
    void fault(SimFault fault) {
        faults.merge(fault, 1L, Long::sum);
    }

    /** Counts a story that has ended. */
    void story(long itsEpochs, long itsEvents, long itsOperations) {
        stories++;
        epochs += itsEpochs;
        events += itsEvents;
        operations += itsOperations;
    }

    /** Adds those of others. */
    public void add(Figures others) {
        others.faults.forEach((fault, count) -> faults.merge(fault, count, Long::sum));
        stories += others.stories;
        epochs += others.epochs;
        events += others.events;
        operations += others.operations;
    }

    /** Stories told. */
    public long stories() {
        return stories;
    }

    /** How often each fault happened. */
    public Map<SimFault, Long> faults() {
        return faults;
    }

    @Override
    public String toString() {
        return stories + " stories, " + epochs + " epochs, " + events + " events, " + operations
                + " operations of guests, faults: "
                + faults.entrySet().stream()
                        .map(fault -> fault.getKey() + " " + fault.getValue())
                        .collect(Collectors.joining(", "));
    }
}
