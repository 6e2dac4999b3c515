package sheepdog.collie.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Takes options off a command line as GNU {@code getopt_long} does, with its complaints word for word: options and
 * operands in any order, bundled letters ({@code -rp7001}), values attached or in the next word, long options by any
 * unique prefix and with {@code =}, {@code --} as the end of options, a lone {@code -} as an operand.
 *
 * <p>The options are those of picocli's model, each with one letter and one long name. Here they are only found, one at
 * a time; what a value means is read by picocli afterwards.
 */
public final class Getopt {
    /** An option found, with its value, "" if it takes none. */
    public record Found(OptionSpec option, String value) {}

    private final String program;
    private final List<String> words;
    private final List<OptionSpec> specs;
    private final boolean permute;
    private final List<String> operands = new ArrayList<>();
    private int next;
    private String bundle = "";

    /**
     * @param program name that complaints begin with
     * @param words   what follows the subcommand
     * @param permute false: the first operand ends the options (POSIXLY_CORRECT)
     */
    public Getopt(String program, List<String> words, List<OptionSpec> specs, boolean permute) {
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
    public Optional<Found> next() throws Complaint {
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
    public List<String> operands() {
        return List.copyOf(operands);
    }

    private void operandsToTheEnd() {
        operands.addAll(words.subList(next, words.size()));
        next = words.size();
    }

    private Found letter() throws Complaint {
        char letter = bundle.charAt(0);
        bundle = bundle.substring(1);
        var known = specs.stream().filter(spec -> letter(spec) == letter).findFirst();
        if (known.isEmpty()) {
            throw new Complaint(program + ": invalid option -- '" + letter + "'");
        }
        if (!takesValue(known.get())) {
            return new Found(known.get(), "");
        }
        if (!bundle.isEmpty()) {
            String value = bundle;
            bundle = "";
            return new Found(known.get(), value);
        }
        if (next == words.size()) {
            throw new Complaint(program + ": option requires an argument -- '" + letter + "'");
        }
        return new Found(known.get(), words.get(next++));
    }

    private Found longOption(String text) throws Complaint {
        int equals = text.indexOf('=');
        String name = equals < 0 ? text : text.substring(0, equals);
        OptionSpec spec = byName(name);
        if (equals >= 0) {
            if (!takesValue(spec)) {
                throw new Complaint(program + ": option '--" + name(spec) + "' doesn't allow an argument");
            }
            return new Found(spec, text.substring(equals + 1));
        }
        if (!takesValue(spec)) {
            return new Found(spec, "");
        }
        if (next == words.size()) {
            throw new Complaint(program + ": option '--" + name(spec) + "' requires an argument");
        }
        return new Found(spec, words.get(next++));
    }

    private OptionSpec byName(String name) throws Complaint {
        var candidates = new ArrayList<OptionSpec>();
        for (OptionSpec spec : specs) {
            if (name(spec).equals(name)) {
                return spec;
            }
            if (name(spec).startsWith(name)) {
                candidates.add(spec);
            }
        }
        if (candidates.isEmpty()) {
            throw new Complaint(program + ": unrecognized option '--" + name + "'");
        }
        if (candidates.size() > 1) {
            var line = new StringBuilder(program + ": option '--" + name + "' is ambiguous; possibilities:");
            candidates.forEach(spec -> line.append(" '--").append(name(spec)).append("'"));
            throw new Complaint(line.toString());
        }
        return candidates.getFirst();
    }

    /** The letter of an option. */
    public static char letter(OptionSpec option) {
        return option.shortestName().charAt(1);
    }

    /** The long name of an option, without hyphens. */
    public static String name(OptionSpec option) {
        return option.longestName().substring(2);
    }

    /** Whether a value follows the option. */
    public static boolean takesValue(OptionSpec option) {
        return option.arity().max() > 0;
    }

    /** The line that getopt prints about an option. */
    public static final class Complaint extends Exception {
        private static final long serialVersionUID = 1L;

        Complaint(String line) {
            super(line, null, false, false);
        }
    }
}
