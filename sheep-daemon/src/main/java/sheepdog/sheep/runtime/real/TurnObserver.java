package sheepdog.sheep.runtime.real;

/** Is told of each turn of the loop, on the loop. */
public interface TurnObserver {
    TurnObserver NONE = _ -> {};

    /** @param nanos how long the task ran */
    void turn(long nanos);
}
