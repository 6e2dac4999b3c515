package sheepdog.launcher;

/** Entry point of both jars; compiled for Java 8. */
public final class Launcher {
    private Launcher() {}

    public static void main(String[] args) {
        System.exit(1);
    }
}
