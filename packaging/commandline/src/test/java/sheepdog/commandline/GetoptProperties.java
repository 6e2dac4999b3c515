package sheepdog.commandline;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import picocli.CommandLine.Model.OptionSpec;

class GetoptProperties {
    private static final List<OptionSpec> SPECS = List.of(
            OptionSpecs.value('s', "snapshot", "", String.class, "", text -> text),
            OptionSpecs.value('p', "port", "", String.class, "", text -> text),
            OptionSpecs.flag('r', "raw", ""),
            OptionSpecs.flag('h', "help", ""));

    /** One option or operand: {@code letter} 0 for an operand. */
    private record Item(char letter, String value) {}

    @Property
    void howeverALineIsWrittenItMeansTheSame(@ForAll("items") List<Item> items, @ForAll long seed) throws Exception {
        var random = new Random(seed);
        var words = new ArrayList<String>();
        var bundle = new StringBuilder();
        for (Item item : items) {
            write(item, random, words, bundle);
        }
        end(words, bundle);

        var getopt = new Getopt("collie", words, SPECS, true);
        var options = new ArrayList<Item>();
        for (var found = getopt.next(); found.isPresent(); found = getopt.next()) {
            options.add(new Item(letter(found.get().option()), found.get().value()));
        }

        assertThat(options)
                .as("%s", words)
                .isEqualTo(items.stream().filter(item -> item.letter != 0).toList());
        assertThat(getopt.operands())
                .as("%s", words)
                .isEqualTo(items.stream()
                        .filter(item -> item.letter == 0)
                        .map(Item::value)
                        .toList());
    }

    @Property
    void anyWordsEndInOptionsOperandsOrAComplaint(@ForAll List<String> words) {
        var getopt = new Getopt("collie", words, SPECS, true);
        try {
            int count = 0;
            while (getopt.next().isPresent()) {
                count++;
            }
            assertThat(count + getopt.operands().size())
                    .isLessThanOrEqualTo(words.stream().mapToInt(String::length).sum() + words.size());
        } catch (Getopt.Complaint complaint) {
            assertThat(complaint).hasMessageStartingWith("collie: ");
        }
    }

    @Provide
    Arbitrary<List<Item>> items() {
        Arbitrary<String> value = Arbitraries.strings().withChars("ab1-= ").ofMaxLength(4);
        Arbitrary<Item> flag = Arbitraries.of('r', 'h').map(letter -> new Item(letter, ""));
        Arbitrary<Item> valued = Arbitraries.of('s', 'p').flatMap(letter -> value.map(text -> new Item(letter, text)));
        Arbitrary<Item> operand =
                value.filter(text -> !text.startsWith("-") || text.equals("-")).map(text -> new Item('\0', text));
        return Arbitraries.oneOf(flag, valued, operand).list().ofMaxSize(8);
    }

    private static void write(Item item, Random random, List<String> words, StringBuilder bundle) {
        if (item.letter == 0) {
            end(words, bundle);
            words.add(item.value);
            return;
        }
        var spec = SPECS.stream()
                .filter(known -> letter(known) == item.letter)
                .findFirst()
                .orElseThrow();
        if (random.nextBoolean()) {
            end(words, bundle);
            int length = "--".length() + 1 + random.nextInt(spec.longestName().length() - "--".length());
            String name = spec.longestName().substring(0, length);
            if (!OptionSpecs.takesValue(spec)) {
                words.add(name);
            } else if (random.nextBoolean()) {
                words.add(name + "=" + item.value);
            } else {
                words.addAll(List.of(name, item.value));
            }
            return;
        }
        bundle.append(bundle.isEmpty() ? "-" : "").append(item.letter);
        if (OptionSpecs.takesValue(spec)) {
            boolean attached = !item.value.isEmpty() && random.nextBoolean();
            bundle.append(attached ? item.value : "");
            end(words, bundle);
            if (!attached) {
                words.add(item.value);
            }
        } else if (random.nextBoolean()) {
            end(words, bundle);
        }
    }

    private static char letter(OptionSpec option) {
        return option.shortestName().charAt(1);
    }

    private static void end(List<String> words, StringBuilder bundle) {
        if (!bundle.isEmpty()) {
            words.add(bundle.toString());
            bundle.setLength(0);
        }
    }
}
