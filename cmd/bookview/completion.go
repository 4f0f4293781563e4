package main

// completions are scripts that complete flags, and names of files where one is wanted.
//
//nolint:gochecknoglobals // constants
var completions = map[string]string{
	"bash": `# bookview --completion bash > /etc/bash_completion.d/bookview
_bookview() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
	case $before in
	--replay | --record) COMPREPLY=($(compgen -f -- "$word")) ;;
	--theme) COMPREPLY=($(compgen -W "auto cb light classic mono" -- "$word")) ;;
	--speed) COMPREPLY=($(compgen -W "0.5x 1x 2x 10x 100x max" -- "$word")) ;;
	--completion) COMPREPLY=($(compgen -W "bash zsh fish" -- "$word")) ;;
	*) COMPREPLY=($(compgen -W "--once --json --depth --for --timeout --record --force --replay --speed
		--both --ascii --no-flash --no-mouse --fps --theme --ws-url --rest-url --gamma-url --completion --version --help" -- "$word")) ;;
	esac
}
complete -F _bookview bookview
`,
	"zsh": `#compdef bookview
# bookview --completion zsh > "${fpath[1]}/_bookview"
_arguments \
	'--once[print each book as soon as it is live, then exit]' \
	'--json[one JSON object per line]' \
	'--depth[levels per side]:levels' \
	'--for[stop after this time]:time' \
	'--timeout[how long to wait for first books]:time' \
	'--record[keep what is received]:file:_files' \
	'--force[write over the file]' \
	'--replay[show a recording]:file:_files' \
	'--speed[of a replay]:speed:(0.5x 1x 2x 10x 100x max)' \
	'--both[begin with both outcomes]' \
	'--ascii[no other characters]' \
	'--no-flash[sizes that change stay as they are]' \
	'--no-mouse[leave the mouse to the terminal]' \
	'--fps[frames a second]:frames' \
	'--theme[colours]:theme:(auto cb light classic mono)' \
	'--ws-url[another exchange]:url' \
	'--rest-url[its REST]:url' \
	'--gamma-url[its list of markets]:url' \
	'--completion[a script]:shell:(bash zsh fish)' \
	'--version[which version this is]' \
	'--help[what the flags are]' \
	'*:token or market'
`,
	"fish": `# bookview --completion fish > ~/.config/fish/completions/bookview.fish
complete -c bookview -f
complete -c bookview -l once -d 'print each book as soon as it is live, then exit'
complete -c bookview -l json -d 'one JSON object per line'
complete -c bookview -l depth -x -d 'levels per side'
complete -c bookview -l for -x -d 'stop after this time'
complete -c bookview -l timeout -x -d 'how long to wait for first books'
complete -c bookview -l record -r -F -d 'keep what is received'
complete -c bookview -l force -d 'write over the file'
complete -c bookview -l replay -r -F -d 'show a recording'
complete -c bookview -l speed -x -a '0.5x 1x 2x 10x 100x max' -d 'of a replay'
complete -c bookview -l both -d 'begin with both outcomes'
complete -c bookview -l ascii -d 'no other characters'
complete -c bookview -l no-flash -d 'sizes that change stay as they are'
complete -c bookview -l no-mouse -d 'leave the mouse to the terminal'
complete -c bookview -l fps -x -d 'frames a second'
complete -c bookview -l theme -x -a 'auto cb light classic mono' -d 'colours'
complete -c bookview -l ws-url -x -d 'another exchange'
complete -c bookview -l rest-url -x -d 'its REST'
complete -c bookview -l gamma-url -x -d 'its list of markets'
complete -c bookview -l completion -x -a 'bash zsh fish' -d 'a script'
complete -c bookview -l version -d 'which version this is'
complete -c bookview -l help -d 'what the flags are'
`,
}
