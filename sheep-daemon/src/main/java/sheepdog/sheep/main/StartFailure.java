package sheepdog.sheep.main;

/** A sheep cannot start, and the one who started it has to know why; not a fault of ours, so no stack. */
final class StartFailure extends Exception {
    private static final long serialVersionUID = 1;

    /** @param message what to tell the user, mostly one line */
    StartFailure(String message) {
        super(message, null, false, false);
    }
}
