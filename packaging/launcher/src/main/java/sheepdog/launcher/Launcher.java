package sheepdog.launcher;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.lang.reflect.InvocationTargetException;
import java.net.URISyntaxException;
import java.net.URL;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.Manifest;

/**
 * Entry point of both jars, compiled for Java 8. The manifest says what it runs:
 *
 * <pre>
 *   Sheepdog-Main    the class whose {@code main} is the program
 *   Sheepdog-Flags   JVM flags it is to have, separated by blanks
 * </pre>
 *
 * <p>On Java 25 or later the program runs in this process; of the flags only the {@code -D} ones can still be given, and
 * are. On an older Java the newest one of this machine that is new enough runs it as a child, which has this process's
 * terminal, gets its signals and dies with it. The exit code is the program's.
 */
public final class Launcher {
    /** The Java the programs are compiled for. */
    static final int FEATURE_MIN = 25;

    /** Tells a child which process it must not outlive. */
    static final String PARENT_PROPERTY = "sheepdog.launcher.parent";

    private Launcher() {}

    public static void main(String[] args) throws Throwable {
        Attributes manifest = manifest();
        String program = manifest.getValue("Sheepdog-Main");
        if (program == null) {
            System.err.println("this jar does not name its program (Sheepdog-Main)");
            System.exit(1);
        }
        String flags = manifest.getValue("Sheepdog-Flags");
        List<String> flagList = flags == null
                ? Collections.<String>emptyList()
                : Arrays.asList(flags.trim().split("\\s+"));
        if (feature(System.getProperty("java.specification.version")) >= FEATURE_MIN) {
            runHere(program, flagList, args);
        } else {
            System.exit(runOnNewerJava(flagList, args));
        }
    }

    static int feature(String specificationVersion) {
        return JavaHomes.numbers(specificationVersion)[0];
    }

    private static void runHere(String program, List<String> flags, String[] args) throws Throwable {
        if (System.getProperty(PARENT_PROPERTY) != null) {
            dieWithParent();
        }
        for (String flag : flags) {
            int equals = flag.indexOf('=');
            if (flag.startsWith("-D") && equals > 0 && System.getProperty(flag.substring(2, equals)) == null) {
                System.setProperty(flag.substring(2, equals), flag.substring(equals + 1));
            }
        }
        try {
            Class.forName(program).getMethod("main", String[].class).invoke(null, (Object) args);
        } catch (InvocationTargetException thrown) {
            throw thrown.getCause();
        }
    }

    /** Native calls need a class of the newer Java, which this one cannot name. */
    private static void dieWithParent() throws Throwable {
        try {
            Class.forName("sheepdog.launcher.ParentDeath")
                    .getMethod("follow", long.class)
                    .invoke(null, Long.parseLong(System.getProperty(PARENT_PROPERTY)));
        } catch (InvocationTargetException thrown) {
            throw thrown.getCause();
        }
    }

    private static int runOnNewerJava(List<String> flags, String[] args) throws InterruptedException {
        String chosen = System.getenv("SHEEPDOG_JAVA_HOME");
        File java = chosen == null || chosen.isEmpty()
                ? JavaHomes.ofMachine(System.getenv()).newest(FEATURE_MIN)
                : JavaHomes.of(new File(chosen)).newest(FEATURE_MIN);
        if (java == null) {
            System.err.println("Java " + FEATURE_MIN + " or later is needed"
                    + (chosen == null || chosen.isEmpty() ? "" : " and SHEEPDOG_JAVA_HOME (" + chosen + ") is not one")
                    + ": install it (Debian, Ubuntu: apt install openjdk-" + FEATURE_MIN
                    + "-jre-headless; Fedora: dnf install java-" + FEATURE_MIN
                    + "-openjdk-headless) or set JAVA_HOME to it");
            return 1;
        }
        List<String> command = new ArrayList<String>();
        command.add(java.getPath());
        command.addAll(flags);
        command.addAll(flagsGivenToUs());
        command.add("-D" + PARENT_PROPERTY + "=" + ownPid());
        command.add("-cp");
        command.add(ownJar().getPath());
        command.add(Launcher.class.getName());
        command.addAll(Arrays.asList(args));
        try {
            // The child must be born of a thread that lives as long as this process: the kernel tells it of the
            // thread's death.
            Process child = new ProcessBuilder(command).inheritIO().start();
            Signals.passOn(child);
            return child.waitFor();
        } catch (IOException failed) {
            System.err.println("cannot run " + java + ": " + failed.getMessage());
            return 1;
        }
    }

    /** What a user set for the memory and the properties of the program is meant for the child; the rest was for us. */
    private static List<String> flagsGivenToUs() {
        List<String> given = new ArrayList<String>();
        for (String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (flag.startsWith("-D")
                    || flag.startsWith("-Xm")
                    || flag.startsWith("-Xss")
                    || flag.startsWith("-XX:MaxDirectMemorySize")) {
                given.add(flag);
            }
        }
        return given;
    }

    private static String ownPid() {
        try {
            return new File("/proc/self").getCanonicalFile().getName();
        } catch (IOException noProc) {
            return "0";
        }
    }

    private static File ownJar() {
        try {
            return new File(Launcher.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (URISyntaxException impossible) {
            throw new AssertionError(impossible);
        }
    }

    private static Attributes manifest() throws IOException {
        File jar = ownJar();
        URL manifest = new URL((jar.isFile() ? "jar:" + jar.toURI() + "!/" : jar.toURI()) + "META-INF/MANIFEST.MF");
        try (InputStream in = manifest.openStream()) {
            return new Manifest(in).getMainAttributes();
        }
    }
}
