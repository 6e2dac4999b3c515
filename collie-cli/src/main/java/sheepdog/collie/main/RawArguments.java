package sheepdog.collie.main;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The arguments as the bytes they were given as, one char each. The JVM decodes them by the locale, which loses what is
 * not valid there, in the locale C everything beyond ASCII; the kernel still has them as they were.
 *
 * @param commandLine the kernel's copy: every argument of the process, ended by a zero
 * @param encoding    what the JVM decoded them with
 */
record RawArguments(Path commandLine, String encoding) {
    /** @param args as the JVM gave them to {@code main} */
    List<String> of(String... args) {
        if (Arrays.stream(args).allMatch(RawArguments::isAscii)) {
            return List.of(args);
        }
        var raw = new ArrayList<String>();
        try {
            String all = Files.readString(commandLine, StandardCharsets.ISO_8859_1);
            raw.addAll(Arrays.asList(all.split("\0", -1)));
            raw.removeLast();
        } catch (IOException _) {
            raw.clear();
        }
        // The program's arguments are the last of the process's: before them come those of the JVM.
        List<String> last = raw.subList(Math.max(0, raw.size() - args.length), raw.size());
        return areThese(last, args) ? List.copyOf(last) : encoded(args);
    }

    /** Whether {@code raw} can be what was decoded: those in ASCII must be the same. */
    private static boolean areThese(List<String> raw, String[] args) {
        if (raw.size() != args.length) {
            return false;
        }
        for (int i = 0; i < args.length; i++) {
            if (isAscii(args[i]) && !args[i].equals(raw.get(i))) {
                return false;
            }
        }
        return true;
    }

    /** Without the kernel's help: exact for what is valid in the locale. */
    private List<String> encoded(String[] args) {
        Charset charset = Charset.isSupported(encoding) ? Charset.forName(encoding) : StandardCharsets.UTF_8;
        return Arrays.stream(args)
                .map(arg -> new String(arg.getBytes(charset), StandardCharsets.ISO_8859_1))
                .toList();
    }

    private static boolean isAscii(String text) {
        return text.chars().allMatch(letter -> letter < 128);
    }
}
