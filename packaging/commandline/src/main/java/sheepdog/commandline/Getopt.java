package sheepdog.commandline;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Takes options off a command line as GNU {@code getopt_long} does, with its complaints word for word: options and
 * operands in any order, bundled letters ({@code -rp7001}), values attached or in the next word, long options by any
 * unique prefix and with {@code =}, {@code --} as the end of options, a lone {@code -} as an operand.
 *
 * <p>The options are those of picocli's model, see {@link OptionSpecs}. Here they are only found, one at a time; what a
 * value means is read by picocli afterwards.
 *
 * <p>An option without a letter is an addition to those of 2013, all of which have one. It never makes a prefix
 * ambiguous that was unique then.
 */
final class Getopt {
    /** An option found, with its value, "" if it takes none. */
    record Found(OptionSpec option, String value) {}

    private final String program;
    private final List<String> words;
    private final List<OptionSpec> specs;
    private final boolean permute;
    private final List<String> operands = new ArrayList<>();
    private int next;
    private String bundle = "";

    /**
     * @param program name that complaints begin with
     * @param words   what the options and operands are in
     * @param permute false: the first operand ends the options (POSIXLY_CORRECT)
     */
    Getopt(String program, List<String> words, List<OptionSpec> specs, boolean permute) {
        this.program = program;
        this.words = List.copyOf(words);
        this.specs = List.copyOf(specs);
        this.permute = permute;
    }

    /**
     * The next option, or nothing at the end of the line.
     *
     * @throws Complaint for what getopt complains about; its message is the line to print
     */
    Optional<Found> next() throws Complaint {
        if (!bundle.isEmpty()) {
            return Optional.of(letter());
        }
        while (next < words.size()) {
            String word = words.get(next++);
            if (word.equals("--")) {
                operandsToTheEnd();
            } else if (word.startsWith("--")) {
                return Optional.of(longOption(word.substring(2)));
            } else if (word.startsWith("-") && word.length() > 1) {
                bundle = word.substring(1);
                return Optional.of(letter());
            } else {
                operands.add(word);
                if (!permute) {
                    operandsToTheEnd();
                }
            }
        }
        return Optional.empty();
    }

    /** What is no option, in order; complete once {@link #next} found nothing. */
    List<String> operands() {
        return List.copyOf(operands);
    }

    private void operandsToTheEnd() {
        operands.addAll(words.subList(next, words.size()));
        next = words.size();
    }

    private Found letter() throws Complaint {
        char letter = bundle.charAt(0);
        bundle = bundle.substring(1);
        OptionSpec spec = byLetter(letter);
        if (!OptionSpecs.takesValue(spec)) {
            return new Found(spec, "");
        }
        if (!bundle.isEmpty()) {
            String value = bundle;
            bundle = "";
            return new Found(spec, value);
        }
        if (next == words.size()) {
            throw complaint("option requires an argument -- '" + letter + "'");
        }
        return new Found(spec, words.get(next++));
    }

    private OptionSpec byLetter(char letter) throws Complaint {
        for (OptionSpec spec : specs) {
            if (spec.shortestName().equals("-" + letter)) {
                return spec;
            }
        }
        throw complaint("invalid option -- '" + letter + "'");
    }

    /** @param text without its hyphens */
    private Found longOption(String text) throws Complaint {
        int equals = text.indexOf('=');
        OptionSpec spec = byName(equals < 0 ? text : text.substring(0, equals), text);
        if (equals >= 0) {
            if (!OptionSpecs.takesValue(spec)) {
                throw complaint("option '" + spec.longestName() + "' doesn't allow an argument");
            }
            return new Found(spec, text.substring(equals + 1));
        }
        if (!OptionSpecs.takesValue(spec)) {
            return new Found(spec, "");
        }
        if (next == words.size()) {
            throw complaint("option '" + spec.longestName() + "' requires an argument");
        }
        return new Found(spec, words.get(next++));
    }

    /** @param text for complaints: the name with what may follow it */
    private OptionSpec byName(String name, String text) throws Complaint {
        var candidates = new ArrayList<OptionSpec>();
        for (OptionSpec spec : specs) {
            if (spec.longestName().equals("--" + name)) {
                return spec;
            }
            if (spec.longestName().startsWith("--" + name)) {
                candidates.add(spec);
            }
        }
        if (candidates.isEmpty()) {
            throw complaint("unrecognized option '--" + text + "'");
        }
        var original = candidates.stream().filter(OptionSpecs::hasLetter).toList();
        if (original.size() == 1) {
            return original.getFirst();
        }
        if (candidates.size() > 1) {
            var line = new StringBuilder("option '--" + text + "' is ambiguous; possibilities:");
            candidates.forEach(
                    spec -> line.append(" '").append(spec.longestName()).append("'"));
            throw complaint(line.toString());
        }
        return candidates.getFirst();
    }

    private Complaint complaint(String text) {
        return new Complaint(program + ": " + text);
    }

    /** The line that getopt prints about an option. */
    static final class Complaint extends Exception {
        private static final long serialVersionUID = 1L;

        Complaint(String line) {
            super(line, null, false, false);
        }
    }
}
