package sheepdog.sheep.main;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Command lines as GNU's {@code getopt_long} reads them: options anywhere among the arguments, short ones bundled, long
 * ones cut to a unique prefix, {@code --} for the end of the options. Complaints have that function's words.
 */
final class Getopt {
    private final String program;
    private final List<Option> options;

    /**
     * @param letter   0 if it has only a long name
     * @param original false for what this sheep added: it never makes a prefix ambiguous that was unique before
     */
    record Option(char letter, String name, boolean takesValue, boolean original, String description) {}

    sealed interface Item {
        /** @param value empty if it takes none */
        record Given(Option option, String value) implements Item {}

        record Argument(String text) implements Item {}

        /** What follows is not read. */
        record Fault(String message) implements Item {}
    }

    Getopt(String program, List<Option> options) {
        this.program = program;
        this.options = List.copyOf(options);
    }

    /** Options and arguments in their order; a fault is the last item. */
    List<Item> parse(List<String> words) {
        var items = new ArrayList<Item>();
        for (int i = 0; i < words.size(); i++) {
            String word = words.get(i);
            var next = i + 1 < words.size() ? Optional.of(words.get(i + 1)) : Optional.<String>empty();
            if (word.equals("--")) {
                words.subList(i + 1, words.size()).forEach(rest -> items.add(new Item.Argument(rest)));
                return items;
            }
            boolean tookNext;
            if (word.startsWith("--")) {
                tookNext = longOption(word.substring(2), next, items);
            } else if (word.startsWith("-") && word.length() > 1) {
                tookNext = bundle(word, next, items);
            } else {
                tookNext = false;
                items.add(new Item.Argument(word));
            }
            if (!items.isEmpty() && items.getLast() instanceof Item.Fault) {
                return items;
            }
            i += tookNext ? 1 : 0;
        }
        return items;
    }

    private boolean bundle(String word, Optional<String> next, List<Item> items) {
        for (int i = 1; i < word.length(); i++) {
            char letter = word.charAt(i);
            var option = options.stream()
                    .filter(o -> o.letter() == letter && letter != 0)
                    .findFirst();
            if (option.isEmpty()) {
                items.add(new Item.Fault(program + ": invalid option -- '" + letter + "'"));
                return false;
            }
            if (option.get().takesValue()) {
                String rest = word.substring(i + 1);
                if (!rest.isEmpty()) {
                    items.add(new Item.Given(option.get(), rest));
                    return false;
                }
                items.add(next.<Item>map(value -> new Item.Given(option.get(), value))
                        .orElseGet(
                                () -> new Item.Fault(program + ": option requires an argument -- '" + letter + "'")));
                return true;
            }
            items.add(new Item.Given(option.get(), ""));
        }
        return false;
    }

    private boolean longOption(String text, Optional<String> next, List<Item> items) {
        int equals = text.indexOf('=');
        String name = equals < 0 ? text : text.substring(0, equals);
        var candidates = candidates(name);
        if (candidates.isEmpty()) {
            items.add(new Item.Fault(program + ": unrecognized option '--" + text + "'"));
            return false;
        }
        if (candidates.size() > 1) {
            var message = new StringBuilder(program + ": option '--" + text + "' is ambiguous; possibilities:");
            candidates.forEach(
                    candidate -> message.append(" '--").append(candidate.name()).append('\''));
            items.add(new Item.Fault(message.toString()));
            return false;
        }
        Option option = candidates.getFirst();
        if (!option.takesValue()) {
            items.add(
                    equals < 0
                            ? new Item.Given(option, "")
                            : new Item.Fault(program + ": option '--" + option.name() + "' doesn't allow an argument"));
            return false;
        }
        if (equals >= 0) {
            items.add(new Item.Given(option, text.substring(equals + 1)));
            return false;
        }
        items.add(next.<Item>map(value -> new Item.Given(option, value))
                .orElseGet(() -> new Item.Fault(program + ": option '--" + option.name() + "' requires an argument")));
        return true;
    }

    private List<Option> candidates(String name) {
        var exact = options.stream().filter(o -> o.name().equals(name)).toList();
        if (!exact.isEmpty()) {
            return exact;
        }
        var all = options.stream().filter(o -> o.name().startsWith(name)).toList();
        var original = all.stream().filter(Option::original).toList();
        return original.size() == 1 ? original : all;
    }
}
