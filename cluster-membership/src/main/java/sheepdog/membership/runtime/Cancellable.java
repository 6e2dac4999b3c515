package sheepdog.membership.runtime;

/** A timer that has not run yet. */
public interface Cancellable {
    /** After this the task will not run. Harmless when it has run, or was cancelled. On the loop. */
    void cancel();
}
