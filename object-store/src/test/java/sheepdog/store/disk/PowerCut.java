package sheepdog.store.disk;

/** The power went: nothing that the program does from here on has any effect. */
public final class PowerCut extends Error {
    private static final long serialVersionUID = 1L;

    PowerCut() {
        super("power cut");
    }
}
