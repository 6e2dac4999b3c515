package sheepdog.launcher;

import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/** Where Java may be installed, and which version lies there by its {@code release} file; nothing is started to ask. */
final class JavaHomes {
    private final List<File> candidates = new ArrayList<File>();

    private JavaHomes() {}

    /** The usual folders of this machine: what the environment names, then the packages' places. */
    static JavaHomes ofMachine(Map<String, String> environment) {
        JavaHomes homes = new JavaHomes();
        homes.add(environment.get("JAVA_HOME"));
        homes.add(environment.get("JDK_HOME"));
        homes.addChildren("/usr/lib/jvm");
        homes.addChildren("/usr/lib64/jvm");
        homes.addChildren("/usr/java");
        homes.addChildren("/usr/local/java");
        homes.addChildren("/opt/java");
        homes.addChildrenNamedLikeJava("/opt");
        homes.addChildrenNamedLikeJava("/usr/local");
        String home = environment.get("HOME");
        if (home != null) {
            homes.addChildren(home + "/.jdks");
            homes.addChildren(home + "/.sdkman/candidates/java");
        }
        return homes;
    }

    static JavaHomes of(File... candidates) {
        JavaHomes homes = new JavaHomes();
        homes.candidates.addAll(Arrays.asList(candidates));
        return homes;
    }

    /** The {@code bin/java} of the newest home of at least this feature version, or null. */
    File newest(int featureMin) {
        File best = null;
        int[] bestVersion = {featureMin};
        for (File home : candidates) {
            int[] version = version(home);
            boolean newer = best == null ? compare(version, bestVersion) >= 0 : compare(version, bestVersion) > 0;
            File java = new File(home, "bin/java");
            if (newer && java.canExecute()) {
                best = java;
                bestVersion = version;
            }
        }
        return best;
    }

    /** The numbers of JAVA_VERSION, most significant first; {@code {0}} if this is no home of a Java. */
    static int[] version(File home) {
        Properties release = new Properties();
        try (InputStream in = new FileInputStream(new File(home, "release"))) {
            release.load(in);
        } catch (IOException noHome) {
            return new int[1];
        } catch (IllegalArgumentException garbage) {
            return new int[1];
        }
        return numbers(release.getProperty("JAVA_VERSION", "").replace("\"", ""));
    }

    /** {@code 25.0.3} gives 25, 0, 3; the old form {@code 1.8.0_402} gives 8, 0, 402. What is no number ends it. */
    static int[] numbers(String version) {
        List<Integer> found = new ArrayList<Integer>();
        for (String part : version.split("[._+-]")) {
            try {
                found.add(Integer.valueOf(part));
            } catch (NumberFormatException end) {
                break;
            }
        }
        if (found.size() > 1 && found.get(0) == 1) {
            found.remove(0);
        }
        int[] numbers = new int[Math.max(1, found.size())];
        for (int i = 0; i < found.size(); i++) {
            numbers[i] = found.get(i);
        }
        return numbers;
    }

    private static int compare(int[] a, int[] b) {
        for (int i = 0; i < Math.max(a.length, b.length); i++) {
            int order = Integer.compare(i < a.length ? a[i] : 0, i < b.length ? b[i] : 0);
            if (order != 0) {
                return order;
            }
        }
        return 0;
    }

    private void add(String home) {
        if (home != null && !home.isEmpty()) {
            candidates.add(new File(home));
        }
    }

    private void addChildren(String folder) {
        candidates.addAll(children(folder));
    }

    private void addChildrenNamedLikeJava(String folder) {
        for (File child : children(folder)) {
            String name = child.getName().toLowerCase(java.util.Locale.ROOT);
            if (name.contains("jdk") || name.contains("java") || name.contains("jre") || name.contains("temurin")) {
                candidates.add(child);
            }
        }
    }

    private static List<File> children(String folder) {
        File[] found = new File(folder).listFiles();
        if (found == null) {
            return Collections.emptyList();
        }
        Arrays.sort(found);
        return Arrays.asList(found);
    }
}
