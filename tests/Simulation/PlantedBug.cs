namespace IngressReconciler.Simulation;

/// <summary>
/// A bug that is planted in a copy of the tree, to see that a seed finds it. Its file says which bug it is, in which file, and which
/// invariant should catch it; then <c>--- find</c> and the text that must be there once, then <c>--- replace</c> and what takes its place.
/// </summary>
/// <param name="File">The file, from the root of the tree.</param>
/// <param name="Find">The text.</param>
/// <param name="Replace">What takes its place.</param>
public sealed record PlantedBug(string File, string Find, string Replace)
{
    private const string Finds = "\n--- find\n";
    private const string Replaces = "\n--- replace\n";

    /// <summary>Reads a description.</summary>
    /// <exception cref="FormatException">It has another form.</exception>
    public static PlantedBug Read(string path)
    {
        var text = System.IO.File.ReadAllText(path);
        var (find, replace) = (text.IndexOf(Finds, StringComparison.Ordinal), text.IndexOf(Replaces, StringComparison.Ordinal));
        var file = text.Split('\n').FirstOrDefault(line => line.StartsWith("file: ", StringComparison.Ordinal));
        if (file is null || find < 0 || replace < find)
            throw new FormatException($"{path}: needs 'file: ', '--- find' and '--- replace'");
        return new(file["file: ".Length..], text[(find + Finds.Length)..replace], text[(replace + Replaces.Length)..].TrimEnd('\n'));
    }

    /// <summary>Plants it below a folder.</summary>
    /// <exception cref="InvalidOperationException">The text is not there, or more than once.</exception>
    public void Plant(string root)
    {
        var path = Path.Combine(root, File);
        var text = System.IO.File.ReadAllText(path);
        var times = text.Split(Find).Length - 1;
        if (times != 1)
            throw new InvalidOperationException($"{File} has the text {times} times, not once: bring the planted bug up to date.\n{Find}");
        System.IO.File.WriteAllText(path, text.Replace(Find, Replace, StringComparison.Ordinal));
    }
}
